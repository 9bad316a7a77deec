using System.Collections.Immutable;
using Agent.Core.Attribution;
using Agent.Core.Ends;
using Agent.Core.Model;

namespace Agent.Sources;

/// <content>What was counted, by owner, and who is forgotten.</content>
internal sealed partial class ConnectionEndBook
{
    /// <summary>Settles, sums up by owner, and forgets who has been gone for long.</summary>
    /// <param name="layout">Who is there.</param>
    /// <param name="isLive">Whether ends of a namespace may still come.</param>
    public (ImmutableArray<EndsSummary?> ByOwner, ImmutableArray<GonePod> Gone, double WatchedShare, TimeSpan Watched) Sum(
        NodeLayout layout, Func<int, bool> isLive)
    {
        lock (_gate)
        {
            var now = Now;
            if (_isFinished)
            {
                _tally.Finish(now);
            }
            else
            {
                _budget.Advance(now.Monotonic);
                _tally.Settle(now, CanLookUp);
            }

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
        var before = _namespaces.Count;
        foreach (var (id, network) in _namespaces)
        {
            // What is still to be judged of it keeps the object; no more ends come for it.
            if (!isLive(id))
            {
                network.Network.IsGone = true;
                _namespaces.Remove(id);
            }
        }

        if (_namespaces.Count < before)
        {
            _tally.ForgetServersThatAreGone();
        }
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
