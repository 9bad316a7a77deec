namespace Agent.Core.Tallies;

/// <summary>
/// The half-closed sockets of one owner in one network namespace, while they are read: the worst are kept in full, the others counted.
/// </summary>
/// <remarks>The worst: whose entry was missing when conntrack was last asked, then the oldest.</remarks>
/// <param name="network">The namespace.</param>
/// <param name="ownerIndex">The owner.</param>
internal sealed class HalfClosedGroup(NamespaceTracking network, int ownerIndex)
{
    private readonly List<HalfClosedSocket> _kept = [];
    private readonly PriorityQueue<int, long> _leastFirst = new();
    private HalfClosedSums _rest;

    public NamespaceTracking Network => network;

    public int OwnerIndex => ownerIndex;

    /// <summary>The sums of those that are not kept.</summary>
    public ref HalfClosedSums Rest => ref _rest;

    /// <summary>Keeps a socket, or drops whatever is least of all.</summary>
    /// <param name="socket">Is copied.</param>
    /// <param name="rank">How bad it is.</param>
    /// <param name="capacity">How many are kept.</param>
    /// <param name="drop">Is given what is not kept.</param>
    public void Offer(in HalfClosedSocket socket, long rank, int capacity, HalfClosedDrop drop)
    {
        if (_kept.Count < capacity)
        {
            _leastFirst.Enqueue(_kept.Count, rank);
            _kept.Add(socket);
        }
        else if (_leastFirst.TryPeek(out var least, out var leastRank) && rank > leastRank)
        {
            drop(this, _kept[least]);
            _kept[least] = socket;
            _leastFirst.DequeueEnqueue(least, rank);
        }
        else
        {
            drop(this, socket);
        }
    }

    /// <summary>Hands over what is kept, the worst first, and keeps nothing more.</summary>
    public void MoveTo(List<HalfClosedSocket> sockets)
    {
        foreach (var (index, _) in _leastFirst.UnorderedItems.OrderByDescending(static item => item.Priority))
        {
            sockets.Add(_kept[index]);
        }

        Clear();
    }

    /// <summary>Drops the least of what is kept until no more than so many are left.</summary>
    public void Cut(int capacity, HalfClosedDrop drop)
    {
        if (_kept.Count > capacity)
        {
            var ranked = _leastFirst.UnorderedItems.OrderByDescending(static item => item.Priority).ToArray();
            var sockets = ranked.Select(item => (_kept[item.Element], item.Priority)).ToArray();
            Clear();
            foreach (var (socket, rank) in sockets)
            {
                Offer(socket, rank, capacity, drop);
            }
        }
    }

    private void Clear()
    {
        _kept.Clear();
        _kept.TrimExcess();
        _leastFirst.Clear();
        _leastFirst.TrimExcess();
    }
}

/// <summary>Is given a half-closed socket that is not kept in full.</summary>
internal delegate void HalfClosedDrop(HalfClosedGroup group, in HalfClosedSocket socket);
