namespace Agent.Configuration;

/// <summary>Section Collection: what is read, how, and how often.</summary>
internal sealed record CollectionOptions
{
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Percent of one core that dumps of the conntrack table may take on average.</summary>
    public double CpuBudgetPercent { get; init; } = 1.0;

    public BackendChoice Conntrack { get; init; } = BackendChoice.Auto;

    public BackendChoice Sockets { get; init; } = BackendChoice.Auto;

    public bool PodNamespaces { get; init; } = true;

    public string ProcRoot { get; init; } = "/proc";
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
