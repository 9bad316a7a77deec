namespace Agent.Kernel.Namespaces;

/// <summary>What a <see cref="ProcessTable"/> holds and what its last scan did.</summary>
public readonly record struct ProcessTableStatistics
{
    /// <summary>Processes in a network namespace.</summary>
    public int Members { get; init; }

    /// <summary>Kernel threads; they are not looked at again.</summary>
    public int KernelThreads { get; init; }

    /// <summary>Zombies and processes that are just ending.</summary>
    public int WithoutNamespace { get; init; }

    /// <summary>Processes that are listed but may not be looked at: their namespaces may be missing.</summary>
    public int Denied { get; init; }

    /// <summary>Processes that were not there at the scan before.</summary>
    public int Appeared { get; init; }

    /// <summary>Processes whose files were read in this scan.</summary>
    public int Examined { get; init; }

    /// <summary>The hidepid option of the proc file system; null without one. Processes hidden by it are not even listed.</summary>
    public string? HidePid { get; init; }

    /// <summary>What of the mounts could not be looked at.</summary>
    public MountStatistics Mounts { get; init; }

    /// <summary>How much the kernel's own list of namespaces showed.</summary>
    public NamespaceListing Listing { get; init; }

    /// <summary>All processes.</summary>
    public int Processes => Members + KernelThreads + WithoutNamespace + Denied;
}
