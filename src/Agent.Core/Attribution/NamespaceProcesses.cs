using System.Collections.Immutable;
using Agent.Kernel.Namespaces;
using Agent.Kernel.Net;

namespace Agent.Core.Attribution;

/// <summary>The processes of one network namespace.</summary>
/// <param name="Inode">Identifies the namespace.</param>
/// <param name="Name">Its name below /run/netns; empty when it has none.</param>
/// <param name="Groups">Its processes by whom they belong to.</param>
/// <param name="Uptime">Time since boot; null when unknown.</param>
public sealed record NamespaceProcesses(ulong Inode, string Name, ImmutableArray<ProcessGroup> Groups, TimeSpan? Uptime = null)
{
    /// <summary>Names the namespace for good, which its inode does not; 0 in a captured tree.</summary>
    public ulong Instance { get; init; }

    /// <summary>Its addresses, as far as they are known.</summary>
    public ImmutableArray<IpAddress> Addresses { get; init; } = [];
}

/// <summary>Processes of one network namespace that belong together.</summary>
/// <param name="Owner">Whom they belong to.</param>
/// <param name="Processes">How many they are.</param>
/// <param name="StartedAfterBoot">When the oldest started, counted from boot.</param>
public sealed record ProcessGroup(CgroupOwner Owner, int Processes, TimeSpan StartedAfterBoot)
{
    /// <summary>How many programs are kept of one group or namespace.</summary>
    public const int MaxPrograms = 16;

    /// <summary>In the host's namespace, of a pod or container: their different programs (comm), in order.</summary>
    public ImmutableArray<string> Programs { get; init; } = [];

    /// <summary>
    /// When the newest started of those that run the same program as an older one, counted from boot: servers replace their workers so
    /// when they read their configuration again. Null where each runs a program of its own.
    /// </summary>
    public TimeSpan? NewestWorkerAfterBoot { get; init; }
}
