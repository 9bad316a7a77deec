namespace Agent.Kernel.Namespaces;

/// <summary>Where a <see cref="ProcessTable"/> looks.</summary>
public sealed record ProcessTableOptions
{
    /// <summary>The proc file system, or a captured tree.</summary>
    public string ProcRoot { get; init; } = "/proc";

    /// <summary>How much of the mounts is looked at.</summary>
    public MountLimits Mounts { get; init; } = new();

    /// <summary>Where named namespaces are; none in a captured tree.</summary>
    public IReadOnlyList<string> NameDirectories { get; init; } = ["/run/netns", "/var/run/netns"];
}
