using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Agent.Kernel.Net;

namespace Agent.Core.Attribution;

/// <summary>Address to owner index: open addressing, because a conntrack dump asks it twice for every entry.</summary>
/// <remarks>
/// A byte of each address's hash stands in an array of its own. It tells nearly every address that nobody here has, and is small enough
/// to stay in the processor's nearest cache while the kernel walks its table between two pieces of a dump.
/// </remarks>
public sealed class AddressIndex
{
    /// <summary>What <see cref="Find"/> returns for an address that nobody on this node has.</summary>
    public const int None = -1;

    // The tags of the first buckets stand behind the last ones again, so that a group that begins at any bucket is read at once.
    private const int Group = 16;

    private Entry[] _entries = new Entry[64];
    private byte[] _tags = new byte[64 + Group];
    private int _count;

    /// <summary>Addresses in the index.</summary>
    public int Count => _count;

    /// <summary>Adds an address; the first owner of an address keeps it.</summary>
    /// <returns>False when the address already has an owner, or belongs to nobody in particular (loopback, unspecified).</returns>
    public bool TryAdd(IpAddress address, int owner)
    {
        if (address.IsLoopback || address.IsUnspecified)
        {
            return false;
        }

        if (_count * 2 >= _entries.Length)
        {
            Grow();
        }

        return Insert(address, owner);
    }

    /// <summary>The owner of an address, or <see cref="None"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(IpAddress address)
    {
        var entries = _entries;
        var hash = Hash(address);
        var tag = Vector128.Create(Tag(hash));
        for (var bucket = (int)(hash >> 33); ; bucket += Group)
        {
            // How far an address is from its bucket no processor can predict: 16 buckets take no branch each.
            bucket &= entries.Length - 1;
            var tags = Vector128.Create(_tags, bucket);
            var free = Vector128.Equals(tags, Vector128<byte>.Zero).ExtractMostSignificantBits();
            for (var same = Vector128.Equals(tags, tag).ExtractMostSignificantBits(); same != 0; same &= same - 1)
            {
                ref readonly var entry = ref entries[(bucket + BitOperations.TrailingZeroCount(same)) & (entries.Length - 1)];
                if (entry.Address == address)
                {
                    return entry.Owner;
                }
            }

            if (free != 0)
            {
                return None;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Hash(IpAddress address) =>
        (address.Low ^ BitOperations.RotateLeft(address.High, 29)) * 0x9E37_79B9_7F4A_7C15;

    /// <summary>Other bits than those that choose the bucket; never 0, which is a free one.</summary>
    private static byte Tag(ulong hash) => (byte)((hash >> 25) | 0x80);

    private bool Insert(in IpAddress address, int owner)
    {
        var mask = _entries.Length - 1;
        var hash = Hash(address);
        var bucket = (int)(hash >> 33) & mask;
        for (; _tags[bucket] != 0; bucket = (bucket + 1) & mask)
        {
            if (_entries[bucket].Address == address)
            {
                return false;
            }
        }

        _entries[bucket] = new(address, owner);
        _tags[bucket] = Tag(hash);
        if (bucket < Group)
        {
            _tags[_entries.Length + bucket] = Tag(hash);
        }

        _count++;
        return true;
    }

    private void Grow()
    {
        var (entries, tags) = (_entries, _tags);
        (_entries, _tags, _count) = (new Entry[entries.Length * 2], new byte[(entries.Length * 2) + Group], 0);
        for (var bucket = 0; bucket < entries.Length; bucket++)
        {
            if (tags[bucket] != 0)
            {
                Insert(entries[bucket].Address, entries[bucket].Owner);
            }
        }
    }

    private readonly record struct Entry(IpAddress Address, int Owner);
}
