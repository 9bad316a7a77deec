using Agent.Core.Snapshots;
using Agent.Core.Tallies;
using Agent.Kernel;
using Agent.Kernel.Namespaces;
using Agent.Kernel.Net;
using Agent.Kernel.ProcFs;

namespace Agent.Sources;

/// <summary>One network namespace in one scan: how to reach it, and what was found there.</summary>
/// <param name="target">How to reach it, and what earlier scans found.</param>
/// <param name="ownerIndex">The owner of what belongs to nobody else there.</param>
/// <param name="isHost">True for the node's own.</param>
internal sealed class NamespaceScan(NamespaceTarget target, int ownerIndex, bool isHost)
{
    public NamespaceTarget Target { get; } = target;

    public NamespaceMemory Memory => Target.Memory;

    public int OwnerIndex { get; } = ownerIndex;

    public NamespaceTracking Tracking { get; } = new(isHost, target.Instance);

    public bool IsHost => Tracking.IsHost;

    /// <summary>True while the calling thread is in it.</summary>
    public bool IsEntered { get; private set; }

    /// <summary>True when the calling thread may not enter it: it is there, unlike one that is gone.</summary>
    public bool IsRefused { get; private set; }

    /// <summary>The directory with its tables; null when it must be entered to be read, and could not be.</summary>
    public string? NetPath { get; private set; }

    /// <summary>Entries in its conntrack table; null when unknown.</summary>
    public long? TableEntries { get; set; }

    /// <summary>Some established connections that leave it.</summary>
    public IReadOnlyList<ConnectionTuple> Established { get; set; } = [];

    /// <summary>How its connections end; null when nobody listens there.</summary>
    public WatchedNamespace? Ends { get; set; }

    /// <summary>What tells whether its sockets have changed, read before them; null when unknown.</summary>
    public SocketActivity? Activity { get; set; }

    /// <summary>How long ago its sockets were as they are shown; null when they could not be read.</summary>
    public TimeSpan? SocketsAge { get; set; }

    /// <summary>What was read of it; null until then.</summary>
    public NamespaceSample? Sample { get; set; }

    /// <summary>Moves the calling thread into it, where that is allowed.</summary>
    /// <param name="visitor">Null in a captured tree.</param>
    /// <returns>Why not; null when it is entered, gone, or in a captured tree.</returns>
    public KernelException? Enter(NamespaceVisitor? visitor)
    {
        KernelException? refusal = null;
        IsEntered = visitor is not null && Target.Live is { } live && visitor.TryEnter(live, out refusal);
        NetPath = Target.NetPath ?? (IsEntered ? NamespaceVisitor.NetPath : null);
        IsRefused = refusal is not null;
        return refusal;
    }
}

/// <summary>A network namespace and how to reach it.</summary>
/// <param name="Inode">Its number, which the kernel gives again when it is gone.</param>
/// <param name="Instance">Names it for good; 0 in a captured tree without processes.</param>
/// <param name="Live">Its entry in the process table; null in a captured tree without processes.</param>
/// <param name="NetPath">The directory with its tables; null when it must be entered to be read.</param>
/// <param name="Memory">What earlier scans found.</param>
internal sealed record NamespaceTarget(
    ulong Inode, ulong Instance, NetworkNamespace? Live, string? NetPath, NamespaceMemory Memory)
{
    /// <summary>
    /// In a captured tree: the directory whose <c>sys/net</c> has its settings. Null on a live kernel, where it must be entered.
    /// </summary>
    public string? CapturedRoot { get; init; }
}
