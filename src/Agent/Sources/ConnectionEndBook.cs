using System.Collections.Immutable;
using Agent.Core.Attribution;
using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.Core.Tallies;
using Agent.Kernel.Net;
using Agent.Kernel.SockDiag;

namespace Agent.Sources;

/// <summary>
/// Where what is heard meets what scans know: the reading thread adds ends by the number of their namespace, scans say whose namespace that
/// is. Everything under one lock, each time for a moment.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="percent">Percent of one core that listening may take.</param>
/// <param name="observer">Sees each end once it is judged, under the lock; null for nobody.</param>
internal sealed class ConnectionEndBook(TimeProvider time, double percent, IEndObserver? observer)
{
    /// <summary>
    /// Namespaces that are told apart; ends in more of them belong to nobody. They come and go between scans, with no other bound.
    /// </summary>
    public const int MaxNamespaces = 4096;

    /// <summary>How long an owner that is gone is still counted for: its last ends may take a minute to be judged.</summary>
    public static readonly TimeSpan GoneFor = TimeSpan.FromSeconds(75);

    private static readonly PodIdentity s_nobody = new(PodKind.NetworkNamespace, "", "netns:unknown", "");

    private readonly Lock _gate = new();
    private readonly EndsTally _tally = new(observer);
    private readonly WatchBudget _budget = new(time.GetElapsedTime(0, time.GetTimestamp()), percent);
    private readonly Dictionary<int, WatchedNamespace> _namespaces = [];
    private readonly Dictionary<PodIdentity, OwnerMemory> _owners = [];

    /// <summary>Ends that cannot be told whose they were.</summary>
    public long Unattributed { get; private set; }

    public EndClock Now => new(time.GetElapsedTime(0, time.GetTimestamp()), time.GetUtcNow());

    /// <summary>Adds an end. On the reading thread.</summary>
    public void OnEnd(in ConnectionEnd end, EndClock now)
    {
        lock (_gate)
        {
            if (Find(end.NamespaceId) is { } network)
            {
                _tally.Add(end, network.Network, now);
            }
            else
            {
                Unattributed++;
            }
        }
    }

    /// <summary>Accounts for what listening has cost since the last call.</summary>
    /// <returns>Whether to listen from now on.</returns>
    public bool Account(EndClock now, TimeSpan cost)
    {
        lock (_gate)
        {
            return _budget.Update(now.Monotonic, cost);
        }
    }

    public void SetPercent(double value)
    {
        lock (_gate)
        {
            _budget.SetPercent(value);
        }
    }

    /// <summary>The next question for the conntrack table.</summary>
    public bool TryTakeLookup(EndClock now, out EndLookup lookup)
    {
        lock (_gate)
        {
            return _tally.TryTakeLookup(now, out lookup);
        }
    }

    public void OnLookup(in EndLookup lookup, in EntryMatch entry, EndClock now)
    {
        lock (_gate)
        {
            _tally.OnLookup(lookup.Id, entry, now);
        }
    }

    /// <summary>Settles what can be settled by now.</summary>
    public void Settle(EndClock now, bool canLookUp)
    {
        lock (_gate)
        {
            if (_tally.Undecided > 0)
            {
                _tally.Settle(now, canLookUp);
            }
        }
    }

    public void OnTimeWait(WatchedNamespace network, in ConnectionTuple tuple)
    {
        lock (_gate)
        {
            _tally.OnTimeWait(network.Network, tuple, Now);
        }
    }

    public void NoteDump(WatchedNamespace network, TimeSpan beganAt)
    {
        lock (_gate)
        {
            network.Network.DumpedAt = beganAt;
        }
    }

    /// <summary>Says whose a namespace is. What was heard of it before counts for that owner.</summary>
    /// <param name="namespaceId">Its number.</param>
    /// <param name="owner">The owner of what belongs to nobody else there.</param>
    /// <returns>Null when there are too many namespaces.</returns>
    public WatchedNamespace? Attach(int namespaceId, PodIdentity owner)
    {
        lock (_gate)
        {
            if (Find(namespaceId) is not { } network)
            {
                return null;
            }

            if (!network.IsOwned)
            {
                _tally.Adopt(network.Network, owner);
                network.IsOwned = true;
            }
            else if (network.Network.Owner.Identity != owner)
            {
                network.Network.Owner = _tally.PodOf(owner);
            }

            return network;
        }
    }

    /// <summary>Says what a scan found in a namespace.</summary>
    /// <param name="network">The namespace.</param>
    /// <param name="scanned">What was found.</param>
    /// <param name="owners">By owner index.</param>
    public void Describe(WatchedNamespace network, NamespaceScan scanned, ImmutableArray<Owner> owners)
    {
        lock (_gate)
        {
            foreach (var (owner, listener) in scanned.Sample!.Listeners)
            {
                network.Network.AddListener(listener.Port, _tally.PodOf(owners[owner].Identity));
            }

            if (scanned.Sample.Counters?.ResetsSent is { } resets)
            {
                network.Network.Resets.Read(Now.Monotonic, (long)resets);
            }
        }
    }

    /// <summary>Settles, sums up by owner, and forgets who has been gone for long.</summary>
    /// <param name="layout">Who is there.</param>
    /// <param name="isLive">Whether ends of a namespace may still come.</param>
    /// <param name="canLookUp">Whether the conntrack table is asked.</param>
    public (ImmutableArray<EndsSummary?> ByOwner, ImmutableArray<GonePod> Gone, double WatchedShare, TimeSpan Watched) Sum(
        NodeLayout layout, Func<int, bool> isLive, bool canLookUp)
    {
        lock (_gate)
        {
            var now = Now;
            _budget.Advance(now.Monotonic);
            _tally.Settle(now, canLookUp);
            ForgetNamespaces(isLive);
            var sums = new EndsSummary?[layout.Owners.Length];
            for (var index = 0; index < sums.Length; index++)
            {
                var owner = layout.Owners[index];
                var network = layout.Namespaces[owner.NamespaceIndex];
                if (network.Ends is { } watched && (index == network.OwnerIndex || network.Sample?.Sockets?.ContainsKey(index) == true))
                {
                    sums[index] = SumOf(owner, watched, now);
                }
            }

            return ([.. sums], Gone(now), _budget.WatchedShare, _budget.Watched);
        }
    }

    private EndsSummary SumOf(Owner owner, WatchedNamespace watched, EndClock now)
    {
        if (!_owners.TryGetValue(owner.Identity, out var memory))
        {
            _owners[owner.Identity] = memory = new OwnerMemory(_tally.PodOf(owner.Identity));
        }

        memory.LastSeen = now.Monotonic;
        memory.Watched = _budget.Watched - watched.WatchedBefore;
        memory.Kubernetes = owner.Kubernetes;
        return memory.Sum();
    }

    private ImmutableArray<GonePod> Gone(EndClock now)
    {
        var gone = ImmutableArray.CreateBuilder<GonePod>();
        foreach (var (identity, memory) in _owners)
        {
            if (now.Monotonic - memory.LastSeen > GoneFor)
            {
                _owners.Remove(identity);
                _tally.Forget(identity);
            }
            else if (memory.LastSeen != now.Monotonic && memory.Sum() is { } sum && sum.Server.Total + sum.Client.Total > 0)
            {
                gone.Add(new(identity, memory.Kubernetes, sum));
            }
        }

        return gone.ToImmutable();
    }

    private void ForgetNamespaces(Func<int, bool> isLive)
    {
        foreach (var (id, network) in _namespaces)
        {
            // What is still to be judged of it keeps the object; no more ends come for it.
            if (!isLive(id))
            {
                network.Network.IsGone = true;
                _namespaces.Remove(id);
            }
        }
    }

    private WatchedNamespace? Find(int namespaceId)
    {
        if (_namespaces.TryGetValue(namespaceId, out var known))
        {
            return known;
        }

        if (namespaceId == ConnectionEnd.UnknownNamespace || _namespaces.Count >= MaxNamespaces)
        {
            return null;
        }

        var found = new WatchedNamespace(this, new(namespaceId, new(s_nobody)), _budget.Watched);
        _namespaces.Add(namespaceId, found);
        return found;
    }

    /// <summary>An owner while it is there, and for a while after.</summary>
    private sealed class OwnerMemory(PodEnds ends)
    {
        private EndsSummary? _last;

        public TimeSpan LastSeen { get; set; }

        public TimeSpan Watched { get; set; }

        public KubernetesPod? Kubernetes { get; set; }

        /// <summary>What has not changed since the last time is the same object: snapshots are kept for minutes.</summary>
        public EndsSummary Sum()
        {
            var sum = ends.ToSummary(Watched);
            _last = _last is { } last && sum.SameCounts(last) ? last with { Watched = Watched } : sum;
            return _last;
        }
    }
}
