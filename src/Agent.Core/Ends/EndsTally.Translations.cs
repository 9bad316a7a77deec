using Agent.Core.Model;
using Agent.Core.Tallies;
using Agent.Kernel.Net;

namespace Agent.Core.Ends;

/// <content>
/// Both ends of a connection are on this node, and the node translates the client's address between them, as kube-proxy does where it
/// masquerades. Neither end shows that it belongs to the other: the conntrack entry does, and it is asked about every end with a loss.
/// </content>
public sealed partial class EndsTally
{
    /// <summary>
    /// How many ends are remembered by the views of their other ends. Of others, one request may be counted on both sides.
    /// </summary>
    public const int MaxTranslated = 1024;

    // By the view of the other end, which has not come yet: the position of the one that has. Which comes first is not promised: the kernel
    // tells of ends by a work queue of each processor.
    private readonly Dictionary<ConnectionTuple, long> _translated = [];

    /// <summary>Position of the other end of a record; -1 when it is not there.</summary>
    private long FindOtherEnd(long position)
    {
        var found = _ring.FindOtherEnd(position);
        if (found >= 0 || _translated.Count == 0)
        {
            return found;
        }

        ref readonly var record = ref _ring[position];
        return _translated.TryGetValue(record.Tuple, out var other) && IsOtherEnd(other, record) ? other : -1;
    }

    /// <summary>An entry tells how the other end sees a connection: joins it, or remembers it for the time when it comes.</summary>
    private void OnTranslation(long position, in EntryMatch entry, EndClock now)
    {
        ref var record = ref _ring[position];
        var isClient = record.Facts.Role == EndRole.Client;
        var other = new EndRecord
        {
            Tuple = entry.OtherEnd,
            Network = record.Network,
            Facts = EndFacts.Of(isClient ? EndRole.Server : EndRole.Client),
        };
        var found = _ring.FindSocket(network: null, other.Tuple, other.Key);
        if (found >= 0 && IsOtherEnd(found, record))
        {
            Join(position, found, now);
            return;
        }

        if (isClient)
        {
            record.Server = ServerPortAt(other.Tuple);
            if (record.Server is null && !_places.ContainsKey(other.Tuple.Source))
            {
                // A server of another node: its end never comes.
                return;
            }
        }

        if (_translated.Count < MaxTranslated || ForgetTranslationsThatAreOver())
        {
            _translated[other.Tuple] = position;
        }
    }

    // What was lost at a server of nobody here is its client's. A client that is nobody's yet lost it at its server all the same, and what
    // a pod lost at itself becomes somebody's on both sides at once.
    private bool IsOtherEnd(long position, in EndRecord record) =>
        _ring.Has(position) && _ring[position] is { Partner: < 0 } other
        && other.Facts.Role != record.Facts.Role && record.CarriedTheSameAs(other)
        && (other.Network == record.Network || IsSomebodys(record.Facts.Role == EndRole.Server ? record.Pod : other.Pod));

    private void RenumberTranslation(long before, long after)
    {
        foreach (var (tuple, position) in _translated)
        {
            if (position == before)
            {
                _translated[tuple] = after;
                return;
            }
        }
    }

    private bool ForgetTranslationsThatAreOver()
    {
        foreach (var (tuple, position) in _translated)
        {
            if (!_ring.Has(position) || _ring[position].Partner >= 0)
            {
                _translated.Remove(tuple);
            }
        }

        return _translated.Count < MaxTranslated;
    }
}
