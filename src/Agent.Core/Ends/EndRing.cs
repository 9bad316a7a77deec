using System.Numerics;
using Agent.Kernel.Net;

namespace Agent.Core.Ends;

/// <summary>
/// The last ends, in the order in which they came, found by the client's address and port. Positions only grow; the oldest record gives way
/// to a new one. Kept in pages, of which there are as many as the records need: memory follows what is remembered, and no page is a large
/// object, which the collector would sweep without closing the holes.
/// </summary>
internal sealed class EndRing
{
    /// <summary>How many ends are remembered.</summary>
    public const int MaxLength = 16 * 1024;

    /// <summary>
    /// How many records with the same hash are looked at. One client's end is in few connections at a time: where somebody makes many of
    /// one, each would cost a walk through all that are remembered.
    /// </summary>
    public const int MaxSteps = 64;

    private const int PageLength = 256;

    // One more than full ones: the oldest and the newest may both be in use in part.
    private const int PageCount = (MaxLength / PageLength) + 1;

    private readonly EndRecord[]?[] _pages = new EndRecord[PageCount][];

    // By hash: the position after that of the newest record with it; 0 for none.
    private readonly long[] _heads = new long[MaxLength];

    // One page that is in no use: a queue that neither grows nor shrinks allocates nothing.
    private EndRecord[]? _spare;

    /// <summary>Position of the oldest.</summary>
    public long First { get; private set; }

    /// <summary>Position after the newest.</summary>
    public long Next { get; private set; }

    /// <summary>True when the next one takes the place of the oldest.</summary>
    public bool IsFull => Next - First == MaxLength;

    /// <summary>
    /// The record at a position from <see cref="First"/> to before <see cref="Next"/>. Valid until the next <see cref="Add"/>.
    /// </summary>
    public ref EndRecord this[long position] => ref _pages[PageOf(position)]![position % PageLength];

    /// <summary>True when the record at a position is still there.</summary>
    public bool Has(long position) => position >= First && position < Next;

    /// <summary>Forgets those that are settled and came before a monotonic time, up to the first that did not.</summary>
    public void RemoveBefore(TimeSpan monotonic)
    {
        while (First < Next && this[First] is { IsDecided: true, Lookup: not LookupState.EndedByReset } record
            && record.At.Monotonic < monotonic)
        {
            RemoveFirst();
        }
    }

    /// <summary>Forgets the oldest.</summary>
    public void RemoveFirst()
    {
        this[First] = default;
        if (++First % PageLength == 0)
        {
            ref var page = ref _pages[PageOf(First - 1)];
            (_spare, page) = (page, null);
        }
    }

    /// <summary>Puts the oldest behind the newest, as if it had come last.</summary>
    /// <returns>Its position from now on.</returns>
    public long MoveFirst()
    {
        var record = this[First];
        RemoveFirst();
        return Add(record);
    }

    /// <summary>Adds one. Not when <see cref="IsFull"/>.</summary>
    /// <returns>Its position.</returns>
    public long Add(in EndRecord record)
    {
        var position = Next++;
        ref var page = ref _pages[PageOf(position)];
        if (page is null)
        {
            (page, _spare) = (_spare ?? new EndRecord[PageLength], null);
        }

        page[position % PageLength] = record;
        ref var head = ref _heads[Head(record.Key)];
        this[position].Previous = head - 1;
        head = position + 1;
        return position;
    }

    /// <summary>Position of the newest other end of a record that has none yet; -1 when there is none near.</summary>
    public long FindOtherEnd(long of)
    {
        ref readonly var record = ref this[of];
        var steps = 0;
        for (var position = record.Previous; position >= First && steps < MaxSteps; position = this[position].Previous, steps++)
        {
            ref readonly var candidate = ref this[position];
            if (candidate.Partner < 0 && record.IsOtherEndOf(candidate))
            {
                return position;
            }
        }

        return -1;
    }

    /// <summary>Position of the newest record with a key that fits; -1 when there is none near.</summary>
    /// <param name="network">Its namespace; null for any.</param>
    /// <param name="tuple">Local end first.</param>
    /// <param name="key">Its <see cref="EndRecord.Key"/>.</param>
    public long FindSocket(EndsNamespace? network, in ConnectionTuple tuple, int key)
    {
        var steps = 0;
        for (var position = _heads[Head(key)] - 1; position >= First && steps < MaxSteps; position = this[position].Previous, steps++)
        {
            ref readonly var candidate = ref this[position];
            if ((network is null || candidate.Network == network) && candidate.Tuple == tuple)
            {
                return position;
            }
        }

        return -1;
    }

    private static int PageOf(long position) => (int)(position / PageLength % PageCount);

    private static int Head(int key) => (int)((uint)key * 0x9E37_79B9u >> (32 - BitOperations.Log2(MaxLength)));
}
