using System.Numerics;
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

    private Entry[] _entries = new Entry[64];
    private byte[] _tags = new byte[64];
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
    public int Find(in IpAddress address)
    {
        var tags = _tags;
        var mask = tags.Length - 1;
        var hash = Hash(address);
        var tag = Tag(hash);
        for (var bucket = (int)(hash >> 33) & mask; ; bucket = (bucket + 1) & mask)
        {
            if (tags[bucket] == 0)
            {
                return None;
            }

            if (tags[bucket] == tag && _entries[bucket] is var entry && entry.Address == address)
            {
                return entry.Owner;
            }
        }
    }

    private static ulong Hash(in IpAddress address) =>
        (address.Low ^ BitOperations.RotateLeft(address.High, 29)) * 0x9E37_79B9_7F4A_7C15;

    /// <summary>Other bits than those that choose the bucket; never 0, which is a free one.</summary>
    private static byte Tag(ulong hash) => (byte)((hash >> 25) | 0x80);

    private bool Insert(in IpAddress address, int owner)
    {
        var mask = _tags.Length - 1;
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
        _count++;
        return true;
    }

    private void Grow()
    {
        var (entries, tags) = (_entries, _tags);
        (_entries, _tags, _count) = (new Entry[entries.Length * 2], new byte[entries.Length * 2], 0);
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
