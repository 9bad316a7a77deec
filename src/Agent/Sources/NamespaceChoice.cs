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

        // No LINQ over tuples: each first scan would have to load and compile it (decision 28).
        var all = new List<Candidate>(candidates.Count);
        foreach (var network in candidates)
        {
            all.Add(new(network, network.Oldest));
        }

        all.Sort(static (one, other) => one.CompareAge(other));
        var counts = new Dictionary<object, int>(all.Count);
        foreach (var candidate in all)
        {
            var owner = OwnerOf(candidate.Network, candidate.Oldest);
            candidate.Position = counts.GetValueOrDefault(owner);
            counts[owner] = candidate.Position + 1;
        }

        all.RemoveAll(static candidate => candidate.Position >= MaxPerOwner);
        all.Sort(static (one, other) => one.CompareTurn(other));
        NetworkNamespace[] chosen = [.. all.Take(MaxInAll).Select(static candidate => candidate.Network)];
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

    /// <summary>A namespace with what it is chosen by.</summary>
    /// <param name="network">The namespace.</param>
    /// <param name="oldest">Its oldest process; null without any.</param>
    private sealed class Candidate(NetworkNamespace network, NamespaceProcess? oldest)
    {
        private readonly int _rank = RankOf(network, oldest);

        public NetworkNamespace Network { get; } = network;

        public NamespaceProcess? Oldest { get; } = oldest;

        /// <summary>How many of its owner's are older.</summary>
        public int Position { get; set; }

        public int CompareAge(Candidate other)
        {
            var byAge = NamespaceProcess.CompareAge(Oldest, other.Oldest);
            return byAge != 0 ? byAge : Network.DisplayInode.CompareTo(other.Network.DisplayInode);
        }

        public int CompareTurn(Candidate other)
        {
            var byPosition = Position.CompareTo(other.Position);
            var byRank = byPosition != 0 ? byPosition : _rank.CompareTo(other._rank);
            return byRank != 0 ? byRank : Network.DisplayInode.CompareTo(other.Network.DisplayInode);
        }
    }
}
