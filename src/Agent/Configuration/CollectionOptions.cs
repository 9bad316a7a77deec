namespace Agent.Configuration;

/// <summary>Section Collection: what is read, how, and how often.</summary>
internal sealed record CollectionOptions
{
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Percent of one core that the agent is to take on average: dumps of the conntrack table get what the rest leaves, a third of it in
    /// any case; dumps of sockets, and what hears connections end, at most half of it each.
    /// </summary>
    public double CpuBudgetPercent { get; init; } = 1.0;

    public ConnectionEndsChoice ConnectionEnds { get; init; } = ConnectionEndsChoice.Auto;

    public BackendChoice Conntrack { get; init; } = BackendChoice.Auto;

    public BackendChoice Sockets { get; init; } = BackendChoice.Auto;

    public bool PodNamespaces { get; init; } = true;

    public string ProcRoot { get; init; } = "/proc";
}

/// <summary>Whether the kernel is listened to when connections end.</summary>
internal enum ConnectionEndsChoice
{
    /// <summary>By one socket for all namespaces, otherwise by one in each, as long as those are few.</summary>
    Auto,

    /// <summary>Likewise, however many namespaces there are.</summary>
    On,
    Off,
}

/// <summary>How the kernel is asked.</summary>
internal enum BackendChoice
{
    /// <summary>Netlink where allowed, procfs otherwise.</summary>
    Auto,
    Netlink,
    ProcFs,
    Off,
}
