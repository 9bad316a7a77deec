using System.Numerics;
using Agent.Kernel.Net;

namespace Agent.Core.Attribution;

/// <summary>Address to owner index: open addressing over one array, because a conntrack dump asks it twice for every entry.</summary>
public sealed class AddressIndex
{
    /// <summary>What <see cref="Find"/> returns for an address that nobody on this node has.</summary>
    public const int None = -1;

    private Entry[] _entries = new Entry[64];
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

        return Insert(_entries, address, owner);
    }

    /// <summary>The owner of an address, or <see cref="None"/>.</summary>
    public int Find(in IpAddress address)
    {
        var entries = _entries;
        var mask = entries.Length - 1;
        for (var bucket = Hash(address) & mask; ; bucket = (bucket + 1) & mask)
        {
            ref readonly var entry = ref entries[bucket];
            if (entry.OwnerPlusOne == 0)
            {
                return None;
            }

            if (entry.Address == address)
            {
                return entry.OwnerPlusOne - 1;
            }
        }
    }

    private static int Hash(in IpAddress address)
    {
        var mixed = (address.Low ^ BitOperations.RotateLeft(address.High, 29)) * 0x9E37_79B9_7F4A_7C15;
        return (int)(mixed >> 33);
    }

    private bool Insert(Entry[] entries, IpAddress address, int owner)
    {
        var mask = entries.Length - 1;
        for (var bucket = Hash(address) & mask; ; bucket = (bucket + 1) & mask)
        {
            ref var entry = ref entries[bucket];
            if (entry.OwnerPlusOne == 0)
            {
                entry = new Entry { Address = address, OwnerPlusOne = owner + 1 };
                _count++;
                return true;
            }

            if (entry.Address == address)
            {
                return false;
            }
        }
    }

    private void Grow()
    {
        var grown = new Entry[_entries.Length * 2];
        _count = 0;
        foreach (var entry in _entries)
        {
            if (entry.OwnerPlusOne != 0)
            {
                Insert(grown, entry.Address, entry.OwnerPlusOne - 1);
            }
        }

        _entries = grown;
    }

    private struct Entry
    {
        public IpAddress Address;
        public int OwnerPlusOne;
    }
}
