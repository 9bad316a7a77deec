using System.Numerics;
using System.Runtime.CompilerServices;

namespace Agent.Core.Tallies;

/// <summary>
/// Counts entries by owner and destination in bounded memory: exactly while there are at most <see cref="Capacity"/> of them, and from
/// there on the most frequent ones. Whoever scans a network fills it with destinations of one entry each; those make room for each other,
/// while what was frequent before stays exact.
/// </summary>
/// <remarks>
/// The second part is Space-Saving (Metwally, Agrawal, El Abbadi 2005): a new key takes the row of one of the least counts and
/// inherits that count as its error. A key with more than total/capacity entries always has a row, and no count is ever too low. The row
/// to be taken is found by a sweep for the least count, which only rises: at most total/capacity sweeps, one step an entry on average.
/// Made once and used for every dump; counting allocates nothing.
/// </remarks>
/// <param name="capacity">Rows.</param>
/// <param name="seed">Any number that the owners of the entries do not know.</param>
public sealed class DestinationTable(int capacity, ulong seed)
{
    private readonly DestinationRow[] _rows = new DestinationRow[capacity];
    private readonly int[] _heads = new int[BitOperations.RoundUpToPowerOf2((uint)capacity * 2)];
    private readonly int[] _order = new int[capacity];
    private int _count;
    private int _cursor;
    private int _least;

    /// <summary>Rows that there is room for.</summary>
    public int Capacity => _rows.Length;

    /// <summary>The rows in use, in no order.</summary>
    public ReadOnlySpan<DestinationRow> Rows => _rows.AsSpan(0, _count);

    /// <summary>False when there were more keys than rows.</summary>
    public bool IsExact => _least == 0;

    /// <summary>The most entries that a key without a row can have; 0 while every key has one.</summary>
    public int LargestMissing => _least;

    /// <summary>Counts an entry.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(in DestinationKey key, EntryTraits traits)
    {
        var bucket = (int)(key.Hash(seed) >> 32) & (_heads.Length - 1);
        for (var next = _heads[bucket]; next != 0;)
        {
            ref var row = ref _rows[next - 1];
            if (row.Key.Equals(key))
            {
                Count(ref row, traits);
                return;
            }

            next = row.Next;
        }

        AddRow(key, traits, bucket);
    }

    private void AddRow(in DestinationKey key, EntryTraits traits, int bucket)
    {
        var position = _count < _rows.Length ? _count++ : TakeLeast();
        ref var taken = ref _rows[position];
        taken = new() { Key = key, Entries = _least, Error = _least, Next = _heads[bucket], Bucket = bucket };
        _heads[bucket] = position + 1;
        Count(ref taken, traits);
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Array.Clear(_heads);
        _count = 0;
        _least = 0;
        _cursor = 0;
    }

    /// <summary>The rows in an order in which those of one place (<see cref="DestinationKey.IsSamePlace"/>) stand together.</summary>
    /// <returns>Positions in <see cref="Rows"/>, valid until the next call.</returns>
    public ReadOnlySpan<int> OrderByPlace()
    {
        var order = _order.AsSpan(0, _count);
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        order.Sort(new PlaceOrder(_rows));
        return order;
    }

    private static void Count(ref DestinationRow row, EntryTraits traits)
    {
        row.Entries++;
        row.Established += (int)(traits & EntryTraits.Established);
        row.TimeWait += (int)(traits & EntryTraits.TimeWait) >> 1;
        row.Unreplied += (int)(traits & EntryTraits.Unreplied) >> 2;
        row.Redirected += (int)(traits & EntryTraits.Redirected) >> 3;
    }

    /// <summary>Frees the row of one of the least counts; sets <see cref="_least"/> to that count.</summary>
    private int TakeLeast()
    {
        while (true)
        {
            for (; _cursor < _rows.Length; _cursor++)
            {
                if (_rows[_cursor].Entries <= _least)
                {
                    Unlink(_cursor);
                    return _cursor++;
                }
            }

            _cursor = 0;
            _least = int.MaxValue;
            foreach (ref readonly var row in _rows.AsSpan())
            {
                _least = Math.Min(_least, row.Entries);
            }
        }
    }

    private void Unlink(int position)
    {
        ref readonly var row = ref _rows[position];
        ref var link = ref _heads[row.Bucket];
        while (link != position + 1)
        {
            link = ref _rows[link - 1].Next;
        }

        link = row.Next;
    }

    private readonly struct PlaceOrder(DestinationRow[] rows) : IComparer<int>
    {
        public int Compare(int x, int y) => DestinationKey.ComparePlaces(rows[x].Key, rows[y].Key);
    }
}
