using System.Runtime.InteropServices;
using Agent.Core.Attribution;

namespace Agent.Core.Tallies;

/// <summary>
/// Which half-closed sockets are kept in full: of each owner in each namespace the worst, as many as a fair share of the capacity allows.
/// What an owner leaves of its share is the others'.
/// </summary>
/// <param name="capacity">How many in all; for a moment a fourth more.</param>
internal sealed class HalfClosedSelection(int capacity)
{
    /// <summary>How many of an owner are kept in any case, even where there are more owners than the capacity is for.</summary>
    private const int MinimumShare = 16;

    private const int MaxGroups = ushort.MaxValue;

    private readonly List<HalfClosedGroup> _groups = [];
    private readonly List<(HalfClosedGroup Group, int Count)> _sealed = [];
    private readonly Dictionary<NamespaceTracking, Range> _ranges = [];
    private int _share;

    /// <summary>The sockets that are kept, by namespace and owner, the worst of each first.</summary>
    public List<HalfClosedSocket> Sockets { get; } = [];

    public IReadOnlyList<HalfClosedGroup> Groups => _groups;

    public Range RangeOf(NamespaceTracking network) => _ranges.GetValueOrDefault(network, ..0);

    /// <summary>The group of an owner in the open namespace.</summary>
    /// <param name="network">The namespace.</param>
    /// <param name="ownerIndex">The owner.</param>
    /// <param name="opened">Its first group.</param>
    /// <param name="drop">Is given what a new group leaves no place for.</param>
    public (HalfClosedGroup Group, int Index) GroupOf(NamespaceTracking network, int ownerIndex, int opened, HalfClosedDrop drop)
    {
        for (var index = opened; index < _groups.Count; index++)
        {
            if (_groups[index].OwnerIndex == ownerIndex)
            {
                return (_groups[index], index);
            }
        }

        if (_groups.Count >= MaxGroups)
        {
            // More namespaces and owners with half-closed sockets than there are numbers for: the last one is nobody's.
            return (_groups[^1], _groups.Count - 1);
        }

        _groups.Add(new(network, _groups.Count == MaxGroups - 1 ? AddressIndex.None : ownerIndex));
        _share = Math.Max(MinimumShare, capacity / (_groups.Count - opened));
        for (var index = opened; index < _groups.Count; index++)
        {
            _groups[index].Cut(_share, drop);
        }

        return (_groups[^1], _groups.Count - 1);
    }

    /// <summary>Keeps a socket of the open namespace, or drops whatever is least of all.</summary>
    public void Offer(HalfClosedGroup group, in HalfClosedSocket socket, long rank, HalfClosedDrop drop) =>
        group.Offer(socket, rank, _share, drop);

    /// <summary>Forgets the groups of the open namespace.</summary>
    public void Forget(int opened) => _groups.RemoveRange(opened, _groups.Count - opened);

    /// <summary>Ends the open namespace.</summary>
    public void Seal(int opened, HalfClosedDrop drop)
    {
        var start = Sockets.Count;
        foreach (var group in CollectionsMarshal.AsSpan(_groups)[opened..])
        {
            var before = Sockets.Count;
            group.MoveTo(Sockets);
            _sealed.Add((group, Sockets.Count - before));
            _ranges[group.Network] = start..Sockets.Count;
        }

        if (Sockets.Count > capacity + (capacity / 4))
        {
            Trim(drop);
        }
    }

    /// <summary>Cuts the largest groups until the capacity is kept.</summary>
    private void Trim(HalfClosedDrop drop)
    {
        var level = Level();
        var sockets = CollectionsMarshal.AsSpan(Sockets);
        var (from, to) = (0, 0);
        _ranges.Clear();
        for (var i = 0; i < _sealed.Count; i++)
        {
            var (group, count) = _sealed[i];
            var kept = Math.Min(count, level);
            for (var cut = kept; cut < count; cut++)
            {
                drop(group, sockets[from + cut]);
            }

            sockets.Slice(from, kept).CopyTo(sockets[to..]);
            var start = _ranges.TryGetValue(group.Network, out var range) ? range.Start : to;
            (from, to) = (from + count, to + kept);
            _ranges[group.Network] = start..to;
            _sealed[i] = (group, kept);
        }

        CollectionsMarshal.SetCount(Sockets, to);
    }

    /// <summary>The largest share with which all stay within the capacity.</summary>
    private int Level()
    {
        var left = capacity;
        var counts = _sealed.Select(static one => one.Count).Order().ToArray();
        for (var i = 0; i < counts.Length; i++)
        {
            var share = left / (counts.Length - i);
            if (counts[i] > share)
            {
                return Math.Max(MinimumShare, share);
            }

            left -= counts[i];
        }

        return int.MaxValue;
    }
}
