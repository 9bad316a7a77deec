using System.Numerics;
using Agent.Kernel.Net;

namespace Agent.Core.Ends;

/// <summary>
/// The last ends, in the order in which they came, found by the client's address and port. Positions only grow; the oldest record gives way
/// to a new one. Grows with use up to <see cref="MaxLength"/>.
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

    private const int FirstLength = 256;

    private EndRecord[] _records = new EndRecord[FirstLength];
    private long[] _heads = NewHeads(FirstLength);

    /// <summary>Position of the oldest.</summary>
    public long First { get; private set; }

    /// <summary>Position after the newest.</summary>
    public long Next { get; private set; }

    /// <summary>True when the next one takes the place of the oldest.</summary>
    public bool IsFull => Next - First == MaxLength;

    /// <summary>
    /// The record at a position from <see cref="First"/> to before <see cref="Next"/>. Valid until the next <see cref="Add"/>.
    /// </summary>
    public ref EndRecord this[long position] => ref _records[(int)(position & (_records.Length - 1))];

    /// <summary>True when the record at a position is still there.</summary>
    public bool Has(long position) => position >= First && position < Next;

    /// <summary>Forgets the oldest.</summary>
    public void RemoveFirst()
    {
        this[First] = default;
        First++;
    }

    /// <summary>Adds one. Not when <see cref="IsFull"/>.</summary>
    /// <returns>Its position.</returns>
    public long Add(in EndRecord record)
    {
        if (Next - First == _records.Length)
        {
            Grow();
        }

        var position = Next++;
        this[position] = record;
        Link(position);
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
        for (var position = _heads[Head(key)]; position >= First && steps < MaxSteps; position = this[position].Previous, steps++)
        {
            ref readonly var candidate = ref this[position];
            if ((network is null || candidate.Network == network) && candidate.Tuple == tuple)
            {
                return position;
            }
        }

        return -1;
    }

    private static long[] NewHeads(int length)
    {
        var heads = new long[length * 2];
        Array.Fill(heads, -1);
        return heads;
    }

    private int Head(int key) => (int)((uint)key * 0x9E37_79B9u >> (32 - BitOperations.Log2((uint)_heads.Length)));

    private void Link(long position)
    {
        ref var record = ref this[position];
        ref var head = ref _heads[Head(record.Key)];
        record.Previous = head;
        head = position;
    }

    private void Grow()
    {
        var old = _records;
        _records = new EndRecord[old.Length * 2];
        _heads = NewHeads(_records.Length);
        for (var position = First; position < Next; position++)
        {
            this[position] = old[(int)(position & (old.Length - 1))];
            Link(position);
        }
    }
}
