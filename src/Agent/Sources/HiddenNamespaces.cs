using System.Collections.Immutable;
using Agent.Core.Model;
using Agent.Kernel.Namespaces;

namespace Agent.Sources;

/// <summary>What is said of network namespaces without a process: which are found, and which cannot be.</summary>
internal static class HiddenNamespaces
{
    private const int Examples = 3;

    /// <summary>In words; none on a node where every namespace has a process or a name.</summary>
    /// <param name="targets">The namespaces that are looked at.</param>
    /// <param name="mounts">What of the mounts could not be looked at.</param>
    /// <param name="listing">How much the kernel's own list shows.</param>
    /// <param name="numbers">The numbers of namespaces that nothing leads to.</param>
    public static SourceProblem Describe(
        ImmutableArray<NamespaceTarget> targets, MountStatistics mounts, NamespaceListing listing, IReadOnlyList<int> numbers)
    {
        var listed = targets.Where(static target => target.Live is { RepresentativePid: 0, ListedId: not 0 }).ToList();
        var leftOut = listing == NamespaceListing.All ? default : mounts;
        var keepers = listing is NamespaceListing.None or NamespaceListing.Own ? "sockets or descriptors" : "sockets";
        var mounted = targets.Where(static target => target.Live is { RepresentativePid: 0, Mount: not null }).ToList();
        var examples = mounted.Take(Examples).Select(static target =>
            $"net:[{target.Inode}] in that of process {target.Live!.Mount!.Holder.Pid} ({target.Live.Mount.Holder.Command})");
        return Said(
            mounted.Count,
            "network namespaces without a process are kept by a mount in somebody's mount namespace: " + string.Join(", ", examples))
            .And(Said(
                listed.Count,
                "network namespaces without a process are kept by a descriptor, a thread or a mount out of reach: "
                + string.Join(", ", listed.Take(Examples).Select(static target => $"net:[{target.Inode}]"))))
            .And(Said(
                leftOut.LeftOut,
                "mount namespaces are not looked through, or not to their end: network namespaces that only a mount there keeps are "
                + "missing"))
            .And(Said(
                mounts.OutOfReach,
                "network namespaces that only a mount keeps are missing: they are too many, or cannot be opened without waiting for a "
                + "file system (none can before Linux 5.12)"))
            .And(Said(
                leftOut.Denied,
                "processes have mounts that may not be looked at without CAP_SYS_PTRACE: network namespaces that only a mount keeps are "
                + "missing"))
            .And(Said(
                numbers.Count,
                $"network namespaces are kept by {keepers} alone (nsid {string.Join(", ", numbers.Take(Examples))}): nothing leads into "
                + "them, so their sockets are not counted"))
            .And(listing == NamespaceListing.Oldest
                ? new(
                    "the kernel lists more network namespaces than are looked through: newer ones without a process may be missing",
                    SourceNeeds.None)
                : SourceProblem.None);
    }

    private static SourceProblem Said(int count, string text) =>
        count > 0 ? new($"{count} {text}", SourceNeeds.None) : SourceProblem.None;
}
