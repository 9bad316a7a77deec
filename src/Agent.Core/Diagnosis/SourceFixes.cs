using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>What to do about a source that could not be read, by what its report says: the words are those of the sources.</summary>
internal static class SourceFixes
{
    private static readonly FindingFix s_netAdmin = new("container security context", "capabilities: {add: [NET_ADMIN]}");
    private static readonly FindingFix s_enter = new("container security context, to enter pods' namespaces", "capabilities: {add: [SYS_ADMIN, SYS_PTRACE]}");
    private static readonly FindingFix s_root = new("container security context", "runAsUser: 0");
    private static readonly FindingFix s_hostPid = new("pod spec", "hostPID: true");
    private static readonly FindingFix s_unconfined = new("container security context (Kubernetes 1.30 or later)", "appArmorProfile: {type: Unconfined}");
    private static readonly FindingFix s_refusals = new("node, what was refused", "dmesg | grep -E 'apparmor=|avc:' | tail");
    private static readonly FindingFix s_hidePid = new("node", "mount -o remount,hidepid=0 /proc");
    private static readonly FindingFix s_conntrackModule = new("node", "modprobe nf_conntrack");
    private static readonly FindingFix s_netlinkModule = new("node", "modprobe nf_conntrack_netlink");
    private static readonly FindingFix s_diagModules = new("node", "modprobe -a inet_diag tcp_diag");
    private static readonly FindingFix s_again = new("again, when less changes", "closewatch report --fresh");
    private static readonly FindingFix s_logVolume = new("pod spec, for the names of pods", "volumes: [{name: pod-logs, hostPath: {path: /var/log/pods}}]");
    private static readonly FindingFix s_logMount = new("container, for the names of pods", "volumeMounts: [{name: pod-logs, mountPath: /var/log/pods, readOnly: true}]");
    private static readonly FindingFix s_logRoot = new("closewatch, where the kubelet's podLogsDir is another directory", "--Pods:LogRoot=/var/log/pods");
    private static readonly FindingFix s_nodeName = new("container", "env: [{name: NODE_NAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]");
    private static readonly FindingFix s_serviceAccount = new("pod spec", "automountServiceAccountToken: true");
    private static readonly FindingFix s_restart = new("cluster, for a new token", "kubectl -n closewatch rollout restart daemonset/closewatch");
    private static readonly FindingFix s_apiAnswers = new("node, whether the API server answers", "curl -sk https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT/readyz");

    private static readonly FindingFix s_role = new(
        "cluster, so that the API server may be asked",
        "kubectl create clusterrole closewatch-pods --verb=get,list,watch --resource=pods && "
        + "kubectl create clusterrolebinding closewatch-pods --clusterrole=closewatch-pods --serviceaccount=closewatch:closewatch");

    /// <summary>Source (null: any), words of its detail, and what they ask for; the first that must be done first.</summary>
    private static readonly ImmutableArray<(string? Source, string Words, ImmutableArray<FindingFix> Fixes)> s_table =
    [
        (null, "hostPID is missing", [s_hostPid]),
        (null, "needs CAP_NET_ADMIN", [s_netAdmin]),
        (null, "needs CAP_SYS_PTRACE", [s_enter]),
        (null, "needs CAP_SYS_ADMIN", [s_enter]),
        (null, "security module", [s_unconfined, s_refusals]),
        (null, "hidepid", [s_hidePid]),
        (null, "for uid 0", [s_root]),
        (null, "nf_conntrack is not loaded", [s_conntrackModule]),
        (null, "nf_conntrack_netlink is not loaded", [s_netlinkModule]),
        (null, "switched off by Collection:Conntrack", [new("closewatch", "--Collection:Conntrack=auto")]),
        (null, "switched off by Collection:Sockets", [new("closewatch", "--Collection:Sockets=auto")]),
        (SourceNames.Conntrack, "changed during the dump", [s_again]),
        (SourceNames.ConntrackStats, "does not exist", [s_conntrackModule]),
        (SourceNames.ConntrackStats, "EACCES", [s_root]),
        (SourceNames.Sockets, "ENOENT", [s_diagModules]),
        (SourceNames.Sockets, "EOPNOTSUPP", [s_diagModules]),
        (SourceNames.Pods, "by their uid only", [s_logVolume, s_logMount, s_logRoot, s_role]),
        (SourceNames.Kubernetes, "answered 403", [s_role]),
        (SourceNames.Kubernetes, "answered 401", [s_restart]),
        (SourceNames.Kubernetes, "/serviceaccount/", [s_serviceAccount]),
        (SourceNames.Kubernetes, "NODE_NAME", [s_nodeName]),
        (SourceNames.Kubernetes, "can not be reached", [s_apiAnswers]),
        (SourceNames.Kubernetes, "went silent", [s_apiAnswers]),
        (SourceNames.Kubernetes, "has not arrived yet", [s_apiAnswers]),
        (SourceNames.Kubernetes, "not running in a Kubernetes cluster", [new("closewatch", "--Pods:Source=auto")]),
    ];

    /// <summary>For a reason that is in no row: what is missing most often.</summary>
    private static readonly ImmutableArray<FindingFix> s_usual =
    [
        new("container security context", "capabilities: {add: [NET_ADMIN, SYS_ADMIN, SYS_PTRACE]}"),
        s_hostPid,
        new("node", "modprobe -a nf_conntrack nf_conntrack_netlink inet_diag tcp_diag"),
    ];

    /// <summary>Every fix that there is, for who asks without a report.</summary>
    public static ImmutableArray<FindingFix> All { get; } = [.. s_table.SelectMany(static row => row.Fixes).Distinct()];

    /// <summary>What this report asks for.</summary>
    public static IEnumerable<FindingFix> Of(SourceReport source)
    {
        FindingFix[] fixes =
        [
            .. s_table
                .Where(row => (row.Source is null || row.Source == source.Name) && source.Detail.Contains(row.Words, StringComparison.OrdinalIgnoreCase))
                .SelectMany(static row => row.Fixes)
                .Distinct(),
        ];
        return fixes.Length == 0 ? s_usual : fixes;
    }
}
