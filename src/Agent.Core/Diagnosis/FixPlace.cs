namespace Agent.Core.Diagnosis;

/// <summary>
/// Where a fix can help. A member that is null does not matter; a fix applies where all others agree with what is known of the place.
/// What is not known of the place neither rules a fix out nor confirms it.
/// </summary>
public sealed record FixPlace
{
    /// <summary>Everywhere.</summary>
    public static FixPlace Anywhere { get; } = new();

    /// <summary>Where kube-proxy runs: it sets the value again when it starts.</summary>
    public static FixPlace WithKubeProxy { get; } = new() { KubeProxy = true };

    /// <summary>On a node whose shell changes it.</summary>
    public static FixPlace NodeShell { get; } = new() { NodeOs = NodeOperatingSystems.WithShell };

    /// <summary>Where this program runs in a pod.</summary>
    public static FixPlace AgentPod { get; } = new() { AgentInPod = true };

    /// <summary>For pods.</summary>
    public static FixPlace Pod { get; } = new() { Subjects = FixSubjects.Pod };

    /// <summary>For servers of one kind.</summary>
    public static FixPlace Of(ServerRuntime runtime) => new() { Runtime = runtime };

    /// <summary>For pods behind one kind of load balancer or data path.</summary>
    public static FixPlace Of(FixPlatform platform) => new() { Platform = platform };

    /// <summary>True: only where kube-proxy runs. False: only where it does not.</summary>
    public bool? KubeProxy { get; init; }

    /// <summary>Only where the pod has this mesh's proxy.</summary>
    public MeshProxy? Mesh { get; init; }

    /// <summary>Only for these kinds of owners of connections.</summary>
    public FixSubjects? Subjects { get; init; }

    /// <summary>Only on nodes with one of these operating systems.</summary>
    public NodeOperatingSystems? NodeOs { get; init; }

    /// <summary>Only for a server process of this runtime.</summary>
    public ServerRuntime? Runtime { get; init; }

    /// <summary>Only with this load balancer or data path.</summary>
    public FixPlatform? Platform { get; init; }

    /// <summary>True: only where this program itself runs in a pod.</summary>
    public bool? AgentInPod { get; init; }

    /// <summary>The first minor version of Kubernetes 1 that has it.</summary>
    public int? FromKubernetesMinor { get; init; }

    /// <summary>The first minor version of Kubernetes 1 that has something better.</summary>
    public int? BeforeKubernetesMinor { get; init; }
}

/// <summary>Proxies beside an application that redirect its connections and so track them in the pod's own namespace.</summary>
public enum MeshProxy
{
    /// <summary>linkerd-proxy.</summary>
    Linkerd,

    /// <summary>istio-proxy.</summary>
    Istio,
}

/// <summary>Owners of connections, by what can be done with them.</summary>
[Flags]
public enum FixSubjects
{
    /// <summary>A pod: it has a spec, labels and an owner.</summary>
    Pod = 1,

    /// <summary>The node itself.</summary>
    Node = 2,

    /// <summary>A network namespace or container that is no pod.</summary>
    PlainNamespace = 4,
}

/// <summary>Operating systems of nodes, by how their settings are changed.</summary>
[Flags]
public enum NodeOperatingSystems
{
    /// <summary>Debian, Ubuntu, Red Hat, Amazon Linux ...: a shell and /etc/sysctl.d.</summary>
    General = 1,

    /// <summary>Google's Container-Optimized OS: a shell; /etc does not outlive a reboot.</summary>
    ContainerOptimized = 2,

    /// <summary>Bottlerocket: settings through its API.</summary>
    Bottlerocket = 4,

    /// <summary>Talos: settings through its machine configuration; no shell at all.</summary>
    Talos = 8,

    /// <summary>Those with a shell of their own.</summary>
    WithShell = General | ContainerOptimized,
}

/// <summary>What answers requests in a server process, by where its settings are.</summary>
public enum ServerRuntime
{
#pragma warning disable CS1591 // names of products
    NodeJs,
    Go,
    Java,
    Tomcat,
    SpringBoot,
    Python,
    Gunicorn,
    Uvicorn,
    DotNet,
    Nginx,
    Apache,
#pragma warning restore CS1591
}

/// <summary>Load balancers and data paths with settings of their own.</summary>
public enum FixPlatform
{
    /// <summary>GKE Ingress.</summary>
    GkeIngress,

    /// <summary>GKE Gateway.</summary>
    GkeGateway,

    /// <summary>The AWS Load Balancer Controller's ALB.</summary>
    AwsAlb,

    /// <summary>Cilium in place of kube-proxy.</summary>
    Cilium,
}
