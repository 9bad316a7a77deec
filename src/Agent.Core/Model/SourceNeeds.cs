namespace Agent.Core.Model;

/// <summary>
/// What a source lacks, noted where its error is caught: the advice follows from this, never from the words of the report. What must be
/// done first comes first.
/// </summary>
[Flags]
public enum SourceNeeds
{
    /// <summary>Nothing, or it is not known what.</summary>
    None = 0,

    /// <summary>The process ids of the node (hostPID).</summary>
    HostProcesses = 1 << 0,

    /// <summary>CAP_NET_ADMIN, to ask conntrack over netlink.</summary>
    NetAdmin = 1 << 1,

    /// <summary>CAP_SYS_ADMIN and CAP_SYS_PTRACE, to enter the network namespaces of others.</summary>
    EnterNamespaces = 1 << 2,

    /// <summary>A security module that lets it: the capability is there, and AppArmor or SELinux refuses.</summary>
    Unconfined = 1 << 3,

    /// <summary>A /proc that shows the processes of others (mounted without hidepid).</summary>
    VisibleProcesses = 1 << 4,

    /// <summary>User id 0, for files that only it may read.</summary>
    Root = 1 << 5,

    /// <summary>The kernel module nf_conntrack.</summary>
    ConntrackModule = 1 << 6,

    /// <summary>The kernel module nf_conntrack_netlink.</summary>
    ConntrackNetlinkModule = 1 << 7,

    /// <summary>The configuration key Collection:Conntrack, which switches it off.</summary>
    ConntrackSwitchedOn = 1 << 8,

    /// <summary>The configuration key Collection:Sockets, which switches it off.</summary>
    SocketsSwitchedOn = 1 << 9,

    /// <summary>Another scan: the table changed while it was read.</summary>
    AnotherScan = 1 << 10,

    /// <summary>The kernel modules inet_diag and tcp_diag.</summary>
    SocketDiagModules = 1 << 11,

    /// <summary>The pods' names: the kubelet's log directory, or the API server.</summary>
    PodNames = 1 << 12,

    /// <summary>Leave to list and watch pods (RBAC).</summary>
    PodListPermission = 1 << 13,

    /// <summary>A token that the API server accepts.</summary>
    NewToken = 1 << 14,

    /// <summary>A service account's token and CA certificate.</summary>
    ServiceAccount = 1 << 15,

    /// <summary>The name that the API server knows this node by.</summary>
    NodeName = 1 << 16,

    /// <summary>An API server that answers.</summary>
    ApiServerAnswer = 1 << 17,

    /// <summary>An API server whose certificate the cluster's CA has signed.</summary>
    ApiServerCertificate = 1 << 18,

    /// <summary>A Kubernetes cluster: Pods:Source asks for one, and there is none.</summary>
    Cluster = 1 << 19,

    /// <summary>
    /// The node's own user namespace: in another one, neither user id 0 nor a capability is good for what belongs to the node.
    /// </summary>
    NodeUserNamespace = 1 << 20,

    /// <summary>CAP_NET_BROADCAST, to hear all namespaces by one socket.</summary>
    NetBroadcast = 1 << 21,

    /// <summary>The configuration key Collection:ConnectionEnds, which switches it off.</summary>
    ConnectionEndsSwitchedOn = 1 << 22,

    /// <summary>The configuration key Collection:ConnectionEnds at "on": there are too many namespaces for "auto".</summary>
    ConnectionEndsEverywhere = 1 << 23,

    /// <summary>A larger configuration key Collection:CpuBudgetPercent.</summary>
    CpuBudget = 1 << 24,
}
