using System.Numerics;

namespace Agent.Core.Tallies;

/// <summary>
/// Remembers every half-closed socket of the node from scan to scan: since when it has been seen, and whether conntrack once had its
/// entry. A million of them takes 30 MB; what is gone is forgotten with the scan that does not see it.
/// </summary>
/// <remarks>
/// A hash table with chains through the records, which stay where they are. A record is seen when its mark equals that of this scan, so
/// that a new scan has seen none without touching them.
/// </remarks>
public sealed class HalfClosedMemory
{
    private const int PageBits = 11;
    private const int PageSize = 1 << PageBits;
    private const int MinimumHeads = 1024;
    private static readonly long s_ticksPerUnit = TimeSpan.TicksPerMillisecond * 10;

    private readonly List<HalfClosedRecord[]> _pages = [];
    private int[] _heads = new int[MinimumHeads];
    private int _used;
    private int _free;
    private HalfClosedMarks _seen;
    private uint _now;

    /// <summary>Sockets that are remembered.</summary>
    public int Count { get; private set; }

    /// <summary>What is remembered besides of those that were kept in full.</summary>
    internal HalfClosedDetails Details { get; set; } = new();

    /// <summary>What earlier scans saw of a socket. What its two ends were before, with another inode, is not its past.</summary>
    public HalfClosedPast PastOf(in HalfClosedRecord record) => Details.PastOf(record, Watched(record));

    /// <summary>Positions that a loop over all records must visit.</summary>
    public int End => _used;

    /// <summary>Starts a scan, which has seen nothing yet.</summary>
    /// <param name="now">Monotonic time.</param>
    public void Begin(TimeSpan now)
    {
        _now = (uint)(now.Ticks / s_ticksPerUnit);
        _seen ^= HalfClosedMarks.Seen;
    }

    /// <summary>Forgets what this scan has not seen.</summary>
    public void ForgetUnseen()
    {
        for (var position = 0; position < _used; position++)
        {
            ref var record = ref At(position);
            if (record.Has(HalfClosedMarks.Live) && !IsSeen(record))
            {
                Unlink(position, record.Hash);
                record = new HalfClosedRecord { Next = _free };
                _free = position + 1;
                Count--;
            }
        }

        if (_used > 4 * PageSize && Count < _used / 4)
        {
            Shrink();
        }
    }

    /// <summary>The record at a position, also one that is not in use.</summary>
    public ref HalfClosedRecord At(int position) => ref _pages[position >> PageBits][position & (PageSize - 1)];

    /// <summary>True when this scan has seen it.</summary>
    public bool IsSeen(in HalfClosedRecord record) => (record.Marks & HalfClosedMarks.Seen) == _seen;

    /// <summary>Takes back that this scan has seen it: its dump starts over.</summary>
    public static void Unsee(ref HalfClosedRecord record) => record.Marks ^= HalfClosedMarks.Seen;

    /// <summary>How long a record's socket has been watched.</summary>
    public TimeSpan Watched(in HalfClosedRecord record) => new(unchecked(_now - record.FirstSeen) * s_ticksPerUnit);

    /// <summary>The first position of a bucket; -1 for none. The others follow by <see cref="HalfClosedRecord.Next"/>.</summary>
    public int First(ulong hash) => _heads[Bucket(hash)] - 1;

    /// <summary>Notes that this scan sees a socket.</summary>
    /// <param name="hash">Of its two ends.</param>
    /// <param name="network">Bits of its namespace.</param>
    /// <param name="inode">0 when its process has closed it.</param>
    /// <returns>Its position; -1 when this scan has seen it before.</returns>
    public int See(ulong hash, ushort network, ulong inode)
    {
        var bits = FoldInode(inode);
        for (var position = First(hash); position >= 0; position = At(position).Next - 1)
        {
            ref var record = ref At(position);
            if (record.Hash != hash || record.Namespace != network)
            {
                continue;
            }

            if (IsSeen(record))
            {
                return -1;
            }

            var isSame = record.Inode == bits || record.Inode == 0 || bits == 0;
            record.FirstSeen = isSame ? record.FirstSeen : _now;
            record.Marks = (isSame ? record.Marks & HalfClosedMarks.Lasting : 0) | HalfClosedMarks.Live | _seen;
            record.Inode = bits;
            return position;
        }

        return Add(new() { Hash = hash, FirstSeen = _now, Namespace = network, Inode = bits, Marks = HalfClosedMarks.Live | _seen });
    }

    private static ushort FoldInode(ulong inode) => inode == 0 ? (ushort)0 : (ushort)Math.Max(1, (inode ^ (inode >> 16)) & ushort.MaxValue);

    private int Bucket(ulong hash) => (int)(hash >> 32) & (_heads.Length - 1);

    private int Add(in HalfClosedRecord record)
    {
        if (Count >= _heads.Length)
        {
            Rehash(_heads.Length * 2);
        }

        var position = _free - 1;
        if (position >= 0)
        {
            _free = At(position).Next;
        }
        else
        {
            position = _used++;
            if (position >> PageBits == _pages.Count)
            {
                _pages.Add(new HalfClosedRecord[PageSize]);
            }
        }

        At(position) = record;
        Link(position);
        Count++;
        return position;
    }

    private void Link(int position)
    {
        ref var record = ref At(position);
        ref var head = ref _heads[Bucket(record.Hash)];
        record.Next = head;
        head = position + 1;
    }

    private void Unlink(int position, ulong hash)
    {
        ref var link = ref _heads[Bucket(hash)];
        while (link != position + 1)
        {
            link = ref At(link - 1).Next;
        }

        link = At(position).Next;
    }

    private void Rehash(int heads)
    {
        _heads = new int[heads];
        for (var position = 0; position < _used; position++)
        {
            if (At(position).Has(HalfClosedMarks.Live))
            {
                Link(position);
            }
        }
    }

    /// <summary>Moves all records to the front: most of the memory is free.</summary>
    private void Shrink()
    {
        var end = 0;
        for (var position = 0; position < _used; position++)
        {
            if (At(position).Has(HalfClosedMarks.Live))
            {
                At(end++) = At(position);
            }
        }

        _used = end;
        _free = 0;
        var pages = (end + PageSize - 1) >> PageBits;
        _pages.RemoveRange(pages, _pages.Count - pages);
        _pages.TrimExcess();
        Rehash((int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(MinimumHeads, end)));
    }
}
