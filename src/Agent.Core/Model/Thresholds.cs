namespace Agent.Core.Model;

/// <summary>Thresholds (configuration section Diagnosis).</summary>
public sealed record Thresholds
{
    /// <summary>Those of a configuration that says nothing.</summary>
    public static Thresholds Default { get; } = new();

    /// <summary>The recommended nf_conntrack_tcp_timeout_close_wait.</summary>
    public TimeSpan CloseWaitTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>What is in front of the pods, and how long it keeps idle connections.</summary>
    public Upstream Upstream { get; init; } = Upstream.Default;

    /// <summary>An entry with less time left than this, while its socket is half-closed, is about to be forgotten.</summary>
    public TimeSpan ExpiringWithin { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A CLOSE_WAIT socket older than this is counted as leaked.</summary>
    public TimeSpan LeakAge { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>So many leaked sockets make a leak.</summary>
    public int LeakCount { get; init; } = 10;

    /// <summary>Entries over limit from which a table is under pressure.</summary>
    public double TablePressureWarning { get; init; } = 0.75;

    /// <summary>Entries over limit from which connections are about to be refused.</summary>
    public double TablePressureCritical { get; init; } = 0.90;

    /// <summary>
    /// Source ports that a NAT outside the node, such as a cloud's, gives the node for one destination and port; 0: there is none, or it
    /// is not known.
    /// </summary>
    public int NatPorts { get; init; }
}
