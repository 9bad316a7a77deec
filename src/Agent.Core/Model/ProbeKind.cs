namespace Agent.Core.Model;

/// <summary>How the kubelet probes a container.</summary>
public enum ProbeKind
{
    /// <summary>httpGet.</summary>
    Http,

    /// <summary>tcpSocket.</summary>
    Tcp,

    /// <summary>grpc.</summary>
    Grpc,

    /// <summary>A command in the container: no connection is opened.</summary>
    Exec,
}
