using System.Collections.Immutable;
using System.Globalization;
using Agent.Core.Metrics;
using Agent.Core.Model;
using Agent.Core.Remediation;
using static Agent.Configuration.SettingTypes;

namespace Agent.Configuration;

/// <summary>Every key there is.</summary>
internal static class ConfigurationKeys
{
    private static readonly SettingType<BackendChoice> s_backend = Choice(
        ("auto", BackendChoice.Auto), ("netlink", BackendChoice.Netlink), ("procfs", BackendChoice.ProcFs), ("off", BackendChoice.Off));

    private static readonly SettingType<TimeSpan> s_positive =
        Duration.Where("from 1s to 10 years", static value => value >= TimeSpan.FromSeconds(1));

    private static readonly SettingType<string> s_directory = FilePath.Where("an absolute path", static value => value.Length > 0);

    public static ImmutableArray<ConfigurationKey> All { get; } =
    [
        .. Collection(), .. Pods(), .. Diagnosis(), .. Metrics(), .. Http(), .. Remediation(), .. Logging(),
    ];

    private static IEnumerable<ConfigurationKey> Collection()
    {
        var section = new ConfigurationSectionKeys<CollectionOptions>(
            "Collection", static o => o.Collection, static (o, s) => o with { Collection = s });
        yield return section.Key(
            "Interval",
            Duration.Where("from 1s to 1h", static value => value >= TimeSpan.FromSeconds(1) && value <= TimeSpan.FromHours(1)),
            "Time from the start of one scan to the start of the next", static s => s.Interval, static (s, v) => s with { Interval = v });
        yield return section.Key(
            "CpuBudgetPercent",
            Number(0, 100),
            "Percent of one core for dumps of the conntrack table, so that a big table is dumped less often; dumps of sockets, and "
                + "hearing connections end, may take half of it each and are then done in turns",
            static s => s.CpuBudgetPercent, static (s, v) => s with { CpuBudgetPercent = v });
        yield return section.Key(
            "ConnectionEnds",
            Choice(("auto", ConnectionEndsChoice.Auto), ("on", ConnectionEndsChoice.On), ("off", ConnectionEndsChoice.Off)),
            "Whether the kernel is listened to when connections end; on: also where that takes a socket in each of over 250 namespaces",
            static s => s.ConnectionEnds, static (s, v) => s with { ConnectionEnds = v });
        yield return section.Key(
            "Conntrack", s_backend, "How the conntrack table is read", static s => s.Conntrack, static (s, v) => s with { Conntrack = v });
        yield return section.Key(
            "Sockets", s_backend, "How sockets are read", static s => s.Sockets, static (s, v) => s with { Sockets = v });
        yield return section.Key(
            "PodNamespaces", SettingTypes.Boolean, "Whether the network namespaces of pods are read, or the host's alone",
            static s => s.PodNamespaces, static (s, v) => s with { PodNamespaces = v });
        yield return section.Key(
            "ProcRoot", s_directory, "Where the host's /proc is mounted, or a captured tree",
            static s => s.ProcRoot, static (s, v) => s with { ProcRoot = v });
    }

    private static IEnumerable<ConfigurationKey> Pods()
    {
        var section = new ConfigurationSectionKeys<PodsOptions>("Pods", static o => o.Pods, static (o, s) => o with { Pods = s });
        yield return section.Key(
            "Source", Choice(("auto", PodSource.Auto), ("kubernetes", PodSource.Kubernetes), ("none", PodSource.None)),
            "Whether the API server is asked about pods; auto: inside a cluster",
            static s => s.Source, static (s, v) => s with { Source = v });
        yield return section.Key(
            "NodeName", Text, "The name of this node",
            static s => s.NodeName, static (s, v) => s with { NodeName = v }, "$NODE_NAME, else the host name");
        yield return section.Key(
            "LogRoot", s_directory, "The kubelet's log directory: it names every pod; in a container also below /host, /proc/1/root",
            static s => s.LogRoot, static (s, v) => s with { LogRoot = v });
        yield return section.Key(
            "CgroupRoot", s_directory, "Where the host's cgroup file system is mounted; in a container also below /host, /proc/1/root",
            static s => s.CgroupRoot, static (s, v) => s with { CgroupRoot = v });
        yield return section.Key(
            "Events", Choice(("off", PodEventLevel.Off), ("critical", PodEventLevel.Critical)),
            "Which findings become Kubernetes Events of their pods (deploy/components/events allows it)",
            static s => s.Events, static (s, v) => s with { Events = v });
        yield return section.Key(
            "PeerNames", Choice(("node", PeerNameScope.Node), ("cluster", PeerNameScope.Cluster)),
            "Which peers are named: those on this node, or also Services and other nodes' pods (deploy/components/peer-names allows it)",
            static s => s.PeerNames, static (s, v) => s with { PeerNames = v });
    }

    private static IEnumerable<ConfigurationKey> Diagnosis()
    {
        var section = new ConfigurationSectionKeys<Thresholds>(
            "Diagnosis", static o => o.Diagnosis, static (o, s) => o with { Diagnosis = s });
        yield return section.Key(
            "CloseWaitTimeout", s_positive, "The recommended nf_conntrack_tcp_timeout_close_wait",
            static s => s.CloseWaitTimeout, static (s, v) => s with { CloseWaitTimeout = v });
        yield return section.Key(
            "Upstream", SettingTypes.Upstream, "What is in front of the pods, or how long it keeps idle connections",
            static s => s.Upstream, static (s, v) => s with { Upstream = v });
        yield return section.Key(
            "ExpiringWithin", s_positive, "An entry with less time left, while its socket is half-closed, is reported as expiring",
            static s => s.ExpiringWithin, static (s, v) => s with { ExpiringWithin = v });
        yield return section.Key(
            "LeakAge", s_positive, "A CLOSE_WAIT socket older than this counts as leaked",
            static s => s.LeakAge, static (s, v) => s with { LeakAge = v });
        yield return section.Key(
            "LeakCount", Integer(1, 1_000_000), "So many leaked sockets of a pod are a leak",
            static s => s.LeakCount, static (s, v) => s with { LeakCount = v });
        yield return section.Key(
            "TablePressureWarning", Number(0, 1), "Entries over limit from which the table is under pressure",
            static s => s.TablePressureWarning, static (s, v) => s with { TablePressureWarning = v });
        yield return section.Key(
            "TablePressureCritical", Number(0, 1), "Entries over limit from which connections are about to be refused",
            static s => s.TablePressureCritical, static (s, v) => s with { TablePressureCritical = v });
        yield return section.Key(
            "NatPorts", Integer(0, 65_536),
            "Source ports that a NAT outside the node (a cloud's) gives it for one public destination and port; 0: no such NAT",
            static s => s.NatPorts, static (s, v) => s with { NatPorts = v });
    }

    private static IEnumerable<ConfigurationKey> Metrics()
    {
        var section = new ConfigurationSectionKeys<MetricsOptions>(
            "Metrics", static o => o.Metrics, static (o, s) => o with { Metrics = s });
        yield return section.Key(
            "PodLabels",
            Choice(("pod", PodLabels.Pod), ("workload", PodLabels.Workload), ("namespace", PodLabels.Namespace), ("none", PodLabels.None)),
            "What the series of pods are folded to", static s => s.PodLabels, static (s, v) => s with { PodLabels = v });
        yield return section.Key(
            "MaxPods", Integer(1, 100_000), "Pods with series of their own; the smallest others are summed as pod=\"_other\"",
            static s => s.MaxPods, static (s, v) => s with { MaxPods = v });
    }

    private static IEnumerable<ConfigurationKey> Http()
    {
        var section = new ConfigurationSectionKeys<HttpOptions>("Http", static o => o.Http, static (o, s) => o with { Http = s });
        yield return section.Key(
            "Listen", ListenUrl, "Where metrics and the health pages are served",
            static s => s.Listen, static (s, v) => s with { Listen = v });
        yield return section.Key(
            "Reports", Choice(("loopback", ReportAccess.Loopback), ("everywhere", ReportAccess.Everywhere)),
            "Where reports are served (they name peers, processes and pods of every tenant): on the loopback address, or as metrics are",
            static s => s.Reports, static (s, v) => s with { Reports = v });
        yield return section.Key(
            "CertificateFile", FilePath, "Certificate for TLS (PEM), read again when it changes",
            static s => s.CertificateFile, static (s, v) => s with { CertificateFile = v });
        yield return section.Key(
            "KeyFile", FilePath, "Its private key (PEM)", static s => s.KeyFile, static (s, v) => s with { KeyFile = v });
        yield return section.Key(
            "BearerTokenFile", FilePath, "File with the token that callers must present",
            static s => s.BearerTokenFile, static (s, v) => s with { BearerTokenFile = v });
    }

    private static IEnumerable<ConfigurationKey> Remediation()
    {
        var section = new ConfigurationSectionKeys<RemediationOptions>(
            "Remediation", static o => o.Remediation, static (o, s) => o with { Remediation = s });
        yield return section.Key(
            "Mode", Choice(("off", RemediationMode.Off), ("dry-run", RemediationMode.DryRun), ("apply", RemediationMode.Apply)),
            "Whether settings are written", static s => s.Mode, static (s, v) => s with { Mode = v });
        yield return section.Key(
            "Scope", Choice(("host", RemediationScope.Host), ("pods", RemediationScope.Pods), ("host+pods", RemediationScope.HostAndPods)),
            "In which network namespaces", static s => s.Scope, static (s, v) => s with { Scope = v });
        yield return RemediationSettings();
        yield return section.Key(
            "PodSelector",
            Text.Where("a label selector, for example app=web,tier!=cache", static value => LabelSelector.TryParse(value, out _)),
            "Label selector of the pods whose namespaces are written; empty for all",
            static s => s.PodSelector, static (s, v) => s with { PodSelector = v });
        yield return section.Key(
            "RestoreOnExit", SettingTypes.Boolean, "Whether the values found are put back when the agent ends",
            static s => s.RestoreOnExit, static (s, v) => s with { RestoreOnExit = v });
        yield return section.Key(
            "MaxTableFill", Number(0, 1), "A timeout is not raised when the table would then fill beyond this",
            static s => s.MaxTableFill, static (s, v) => s with { MaxTableFill = v });
        yield return section.Key(
            "OverrideKubeProxy", SettingTypes.Boolean, "Whether values that kube-proxy sets are written too",
            static s => s.OverrideKubeProxy, static (s, v) => s with { OverrideKubeProxy = v });
        yield return section.Key(
            "StateDirectory", s_directory, "Where the values found are kept across restarts",
            static s => s.StateDirectory, static (s, v) => s with { StateDirectory = v });
    }

    private static ConfigurationKey RemediationSettings() => new()
    {
        Name = "Remediation:Settings",
        IsMap = true,
        Type = "integers by name",
        Default = "nf_conntrack_tcp_timeout_close_wait: 3600",
        Description = "The wanted value of each setting below net.netfilter; an empty value takes a default away",
        Bind = BindRemediationSetting,
        Show = static options =>
            options.Remediation.Settings.Select(static pair => (pair.Key, pair.Value.ToString(CultureInfo.InvariantCulture))),
    };

    private static ParsedSetting<AgentOptions> BindRemediationSetting(AgentOptions options, string member, string? text)
    {
        var name = member.ToLowerInvariant();
        var settings = options.Remediation.Settings;
        if (SysctlCatalog.Find(name) is not { } sysctl)
        {
            return ParsedSetting<AgentOptions>.Failed(
                "is not a conntrack setting that may be written",
                NearestName.Hint(
                    name,
                    SysctlCatalog.All.Select(static known => known.Name),
                    "write its name without net.netfilter, for example nf_conntrack_tcp_timeout_close_wait"));
        }

        if (string.IsNullOrEmpty(text))
        {
            return With(settings.Remove(name));
        }

        long value;
        if (sysctl.Kind == SysctlKind.Timeout && DurationText.TryParse(text, out var duration))
        {
            value = (long)duration.TotalSeconds;
        }
        else if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value))
        {
            return ParsedSetting<AgentOptions>.Failed("is not an integer", "write digits only");
        }

        return sysctl.Allows(value)
            ? With(settings.SetItem(name, value))
            : ParsedSetting<AgentOptions>.Failed("is out of range", $"must be {sysctl.Range}");

        ParsedSetting<AgentOptions> With(ImmutableSortedDictionary<string, long> changed) =>
            ParsedSetting<AgentOptions>.Of(options with { Remediation = options.Remediation with { Settings = changed } });
    }

    private static IEnumerable<ConfigurationKey> Logging()
    {
        var section = new ConfigurationSectionKeys<LoggingOptions>(
            "Logging", static o => o.Logging, static (o, s) => o with { Logging = s });
        yield return section.Key(
            "Level",
            Choice(
                ("Trace", LogLevel.Trace), ("Debug", LogLevel.Debug), ("Information", LogLevel.Information), ("Warning", LogLevel.Warning),
                ("Error", LogLevel.Error), ("Critical", LogLevel.Critical), ("None", LogLevel.None)),
            "The least important messages to log", static s => s.Level, static (s, v) => s with { Level = v });
        yield return section.Key(
            "Format", Choice(("auto", LogFormat.Auto), ("json", LogFormat.Json), ("text", LogFormat.Text)),
            "How messages are written; auto: text on a terminal, json otherwise",
            static s => s.Format, static (s, v) => s with { Format = v });
    }
}
