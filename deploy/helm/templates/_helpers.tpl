{{- define "closewatch.name" -}}
{{- if contains "closewatch" .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-closewatch" .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "closewatch.selector" -}}
app.kubernetes.io/name: closewatch
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "closewatch.labels" -}}
{{ include "closewatch.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "closewatch.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "closewatch.configuration" -}}
{{- $settings := dict "Collection" (dict "Interval" .Values.interval) "Diagnosis" (dict "Upstream" .Values.upstream) -}}
{{- if ne .Values.reports "loopback" -}}
{{- $settings = set $settings "Http" (dict "Reports" .Values.reports) -}}
{{- end -}}
{{- if eq .Values.tier "remediate" -}}
{{- $settings = set $settings "Remediation" .Values.remediation -}}
{{- end -}}
{{- mergeOverwrite $settings .Values.configuration | toPrettyJson -}}
{{- end -}}

{{- define "closewatch.endpoint" -}}
- port: metrics
  honorLabels: true
  {{- with .interval }}
  interval: {{ . }}
  {{- end }}
  relabelings:
    - sourceLabels: [__meta_kubernetes_pod_node_name]
      targetLabel: node
    - action: labeldrop
      regex: {{ .drop }}
  {{- if .tls.secret }}
  scheme: https
  tlsConfig:
    serverName: {{ .tls.serverName }}
    ca:
      secret:
        name: {{ .tls.secret }}
        key: ca.crt
  {{- end }}
  {{- if .tls.tokenSecret }}
  authorization:
    type: Bearer
    credentials:
      name: {{ .tls.tokenSecret }}
      key: token
  {{- end }}
{{- end -}}
