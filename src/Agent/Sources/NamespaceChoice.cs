using Agent.Kernel.Namespaces;

namespace Agent.Sources;

/// <summary>
/// Which network namespaces a scan looks at: a pod can make as many as it likes, and each costs a scan about a millisecond. Of one owner
/// the oldest, which is its sandbox's, and a few more; first everybody's first one, pods before containers, and those before what is
/// nobody's.
/// </summary>
internal static class NamespaceChoice
{
    /// <summary>Namespaces of one pod or container.</summary>
    public const int MaxPerOwner = 8;

    /// <summary>Namespaces in all.</summary>
    public const int MaxInAll = 1024;

    private static readonly object s_listed = new();

    private const int NamedRank = 3;
    private const int NobodysRank = 4;

    /// <summary>Chooses.</summary>
    /// <param name="candidates">All but the host's.</param>
    /// <returns>Those to look at, and how many are left out.</returns>
    public static (IEnumerable<NetworkNamespace> Chosen, int LeftOut) Choose(IReadOnlyCollection<NetworkNamespace> candidates)
    {
        if (candidates.Count <= MaxPerOwner)
        {
            return (candidates, 0);
        }

        NetworkNamespace[] chosen =
        [
            .. candidates.Select(static candidate => (Network: candidate, candidate.Oldest))
                .GroupBy(static candidate => OwnerOf(candidate.Network, candidate.Oldest))
                .SelectMany(static owned => owned
                    .OrderBy(static one => (one.Oldest?.StartTicks ?? 0, one.Oldest?.Pid ?? 0, one.Network.DisplayInode))
                    .Take(MaxPerOwner)
                    .Select(static (one, position) => (one.Network, position, Rank: RankOf(one.Network, one.Oldest))))
                .OrderBy(static one => (one.position, one.Rank, one.Network.DisplayInode))
                .Take(MaxInAll)
                .Select(static one => one.Network),
        ];
        return (chosen, candidates.Count - chosen.Length);
    }

    /// <summary>
    /// What is nobody's is each its own; what is only mounted counts for whoever mounted it. Of what is only listed nobody knows whose it
    /// is: all of it together is one owner's.
    /// </summary>
    private static object OwnerOf(NetworkNamespace network, NamespaceProcess? oldest) => (oldest ?? network.Mount?.Holder)?.Owner switch
    {
        _ when network.ListedId != 0 => s_listed,
        { Kind: CgroupOwnerKind.Pod, PodUid: var uid } => uid,
        { Kind: CgroupOwnerKind.Container, ContainerId: var id } => id,
        _ => network,
    };

    private static int RankOf(NetworkNamespace network, NamespaceProcess? oldest) => oldest?.Owner.Kind switch
    {
        CgroupOwnerKind.Pod => 1,
        CgroupOwnerKind.Container => 2,
        _ => network.Name is null ? NobodysRank : NamedRank,
    };
}
