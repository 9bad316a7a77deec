using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>What to do about a source that could not be read, by what it needs.</summary>
internal static class SourceFixes
{
    private static readonly FindingFix s_capabilities = Patch(
        "the full tier's capabilities",
        "\"containers\":[{\"name\":\"closewatch\",\"securityContext\":{\"capabilities\":{\"add\":"
        + "[\"NET_ADMIN\",\"SYS_ADMIN\",\"SYS_PTRACE\",\"NET_BROADCAST\"]}}}]");
    private static readonly FindingFix s_root = new("container security context", "runAsUser: 0", FixPlace.AgentPod);
    private static readonly FindingFix s_hostPid = Patch("the node's process ids", "\"hostPID\":true");
    private static readonly FindingFix s_unconfined = new(
        "container security context (Kubernetes 1.30 or later)",
        "appArmorProfile: {type: Unconfined}",
        FixPlace.AgentPod with { FromKubernetesMinor = 30 });
    private static readonly FindingFix s_refusals = new(
        "node, what was refused",
        "dmesg | grep -E 'apparmor=|avc:' | tail",
        FixPlace.NodeShell);
    private static readonly FindingFix s_hostUsers = new(
        "pod spec (Kubernetes 1.25 or later)",
        "hostUsers: true",
        FixPlace.AgentPod with { FromKubernetesMinor = 25 });
    private static readonly FindingFix s_outside = new(
        "node, outside the user namespace",
        "sudo closewatch report --fresh",
        FixPlace.NodeShell with { AgentInPod = false });
    private static readonly FindingFix s_asRoot = new(
        "node, as root",
        "sudo closewatch report --fresh",
        FixPlace.NodeShell with { AgentInPod = false });
    private static readonly FindingFix s_hidePid = new("node", "mount -o remount,hidepid=0 /proc", FixPlace.NodeShell);
    private static readonly FindingFix s_conntrackModule = new("node", "modprobe nf_conntrack", FixPlace.NodeShell);
    private static readonly FindingFix s_netlinkModule = new("node", "modprobe nf_conntrack_netlink", FixPlace.NodeShell);
    private static readonly FindingFix s_diagModules = new("node", "modprobe -a inet_diag tcp_diag", FixPlace.NodeShell);
    private static readonly FindingFix s_modules =
        new("node", "modprobe -a nf_conntrack nf_conntrack_netlink inet_diag tcp_diag", FixPlace.NodeShell);
    private static readonly FindingFix s_again = new("again, when less changes", "closewatch report --fresh");
    private static readonly FindingFix s_logVolume = new(
        "pod spec, for the names of pods",
        "volumes: [{name: pod-logs, hostPath: {path: /var/log/pods}}]",
        FixPlace.AgentPod);
    private static readonly FindingFix s_logMount = new(
        "container, for the names of pods",
        "volumeMounts: [{name: pod-logs, mountPath: /var/log/pods, readOnly: true}]",
        FixPlace.AgentPod);
    private static readonly FindingFix s_logRoot = new(
        "closewatch, where the kubelet's podLogsDir is another directory",
        "--Pods:LogRoot=/var/log/pods");
    private static readonly FindingFix s_nodeName = new(
        "container",
        "env: [{name: NODE_NAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]",
        FixPlace.AgentPod);
    private static readonly FindingFix s_serviceAccount = Patch("a service account's token", "\"automountServiceAccountToken\":true");
    private static readonly FindingFix s_restart = new(
        "cluster, for a new token",
        "kubectl -n closewatch rollout restart daemonset/closewatch",
        FixPlace.AgentPod);
    private static readonly FindingFix s_apiAnswers = new(
        "whether the API server answers",
        "kubectl get --raw '/readyz?verbose'",
        FixPlace.AgentPod);

    private static readonly FindingFix s_role = new(
        "cluster, so that the API server may be asked",
        "kubectl create clusterrole closewatch-pods --verb=get,list,watch --resource=pods && "
        + "kubectl create clusterrolebinding closewatch-pods --clusterrole=closewatch-pods --serviceaccount=$ACCOUNT",
        FixPlace.AgentPod);

    private static readonly FindingFix s_certificate = new(
        "node, whose certificate the API server shows",
        "openssl s_client -connect $KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT </dev/null | openssl x509 -noout -issuer -enddate",
        FixPlace.NodeShell);

    /// <summary>For a reason that is not known: what is missing most often.</summary>
    private static readonly ImmutableArray<FindingFix> s_usual =
    [
        new("container security context", "capabilities: {add: [NET_ADMIN, SYS_ADMIN, SYS_PTRACE]}", FixPlace.AgentPod),
        s_hostPid,
        s_modules,
    ];

    // Which processes and namespaces there are is told by no module.
    private static readonly ImmutableArray<string> s_ofModules =
        [SourceNames.Conntrack, SourceNames.ConntrackStats, SourceNames.Sysctl, SourceNames.Sockets, SourceNames.ConnectionEnds];

    /// <summary>Every fix that there is, for who asks without a report.</summary>
    public static ImmutableArray<FindingFix> All { get; } = [.. Enum.GetValues<SourceNeeds>().SelectMany(For).Distinct()];

    /// <summary>What this report asks for; what must be done first comes first.</summary>
    public static IEnumerable<FindingFix> Of(SourceReport source)
    {
        FindingFix[] fixes = [.. Enum.GetValues<SourceNeeds>().Where(need => source.Needs.HasFlag(need)).SelectMany(For).Distinct()];
        return fixes.Length > 0 ? fixes
            : source.Name == SourceNames.Kubernetes ? [s_apiAnswers]
            : s_usual.Where(fix => fix != s_modules || s_ofModules.Contains(source.Name));
    }

    private static FindingFix Patch(string where, string podSpec) => new(
        where,
        $"kubectl -n closewatch patch daemonset closewatch -p '{{\"spec\":{{\"template\":{{\"spec\":{{{podSpec}}}}}}}}}'",
        FixPlace.AgentPod);

    private static FindingFix[] For(SourceNeeds need) => need switch
    {
        SourceNeeds.HostProcesses => [s_hostPid, s_asRoot],
        SourceNeeds.NetAdmin => [s_capabilities, s_asRoot],
        SourceNeeds.EnterNamespaces => [s_capabilities, s_asRoot],
        SourceNeeds.Unconfined => [s_unconfined, s_refusals],
        SourceNeeds.VisibleProcesses => [s_hidePid],
        SourceNeeds.Root => [s_root, s_asRoot],
        SourceNeeds.ConntrackModule => [s_conntrackModule],
        SourceNeeds.ConntrackNetlinkModule => [s_netlinkModule],
        SourceNeeds.ConntrackSwitchedOn => [new("closewatch", "--Collection:Conntrack=auto")],
        SourceNeeds.SocketsSwitchedOn => [new("closewatch", "--Collection:Sockets=auto")],
        SourceNeeds.AnotherScan => [s_again],
        SourceNeeds.SocketDiagModules => [s_diagModules],
        SourceNeeds.PodNames => [s_logVolume, s_logMount, s_logRoot, s_role],
        SourceNeeds.PodListPermission => [s_role],
        SourceNeeds.NewToken => [s_restart],
        SourceNeeds.ServiceAccount => [s_serviceAccount],
        SourceNeeds.NodeName => [s_nodeName],
        SourceNeeds.ApiServerAnswer => [s_apiAnswers],
        SourceNeeds.ApiServerCertificate => [s_certificate],
        SourceNeeds.NodeUserNamespace => [s_hostUsers, s_outside],
        SourceNeeds.NetBroadcast => [s_capabilities],
        SourceNeeds.ConnectionEndsSwitchedOn => [new("closewatch", "--Collection:ConnectionEnds=auto")],
        SourceNeeds.ConnectionEndsEverywhere => [new("closewatch", "--Collection:ConnectionEnds=on")],
        SourceNeeds.CpuBudget => [new("closewatch, where more may be spent", "--Collection:CpuBudgetPercent=5")],
        SourceNeeds.Cluster => [new("closewatch", "--Pods:Source=auto")],
        _ => [],
    };
}
