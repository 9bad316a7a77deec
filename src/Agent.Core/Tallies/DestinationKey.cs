using System.Numerics;
using System.Runtime.CompilerServices;
using Agent.Kernel.Net;

namespace Agent.Core.Tallies;

/// <summary>Whose entries, and to where: what a <see cref="DestinationTable"/> counts by.</summary>
public readonly struct DestinationKey : IEquatable<DestinationKey>
{
    private readonly ulong _rest;

    /// <summary>Creates a key.</summary>
    /// <param name="owner">An owner index; negative for nobody on this node.</param>
    /// <param name="received">True when the owner is the side that accepted.</param>
    /// <param name="protocol">IPPROTO_*.</param>
    /// <param name="address">The destination.</param>
    /// <param name="port">Its port, host byte order; 0 where the protocol has none.</param>
    /// <param name="translatedTo">The source address that the other side sees; the default value where that is not asked.</param>
    public DestinationKey(int owner, bool received, byte protocol, IpAddress address, ushort port, IpAddress translatedTo)
    {
        Address = address;
        TranslatedTo = translatedTo;
        _rest = ((ulong)(uint)owner << 32) | ((ulong)port << 16) | ((ulong)protocol << 8) | (received ? 1UL : 0);
    }

    /// <summary>The destination.</summary>
    public IpAddress Address { get; }

    /// <summary>The source address after translation; the default value where entries are not told apart by it.</summary>
    public IpAddress TranslatedTo { get; }

    /// <summary>An owner index; negative for nobody on this node.</summary>
    public int Owner => (int)(_rest >> 32);

    /// <summary>The destination's port.</summary>
    public ushort Port => (ushort)(_rest >> 16);

    /// <summary>IPPROTO_*.</summary>
    public byte Protocol => (byte)(_rest >> 8);

    /// <summary>True when the owner is the side that accepted.</summary>
    public bool Received => (_rest & 1) != 0;

    /// <summary>True when both are to the same place, translated to the same address, whoever owns them.</summary>
    public bool IsSamePlace(in DestinationKey other) =>
        Address == other.Address && TranslatedTo == other.TranslatedTo && Port == other.Port && Protocol == other.Protocol;

    /// <inheritdoc/>
    public bool Equals(DestinationKey other) => _rest == other._rest && Address == other.Address && TranslatedTo == other.TranslatedTo;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is DestinationKey other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => (int)Hash(0x9E37_79B9_7F4A_7C15);

    /// <summary>Orders keys by place, so that those of one place stand together.</summary>
    public static int ComparePlaces(in DestinationKey one, in DestinationKey other)
    {
        var order = Compare(one.Address, other.Address);
        order = order != 0 ? order : Compare(one.TranslatedTo, other.TranslatedTo);
        return order != 0 ? order : (one._rest & 0xFFFF_FF00).CompareTo(other._rest & 0xFFFF_FF00);
    }

    /// <summary>
    /// A hash that cannot be foreseen without the seed: destinations are chosen by whoever connects, and chosen well they would all
    /// fall into one chain.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ulong Hash(ulong seed)
    {
        // No operand may be zero by choice, or all keys that share it are one; neither product waits for the other.
        const ulong odd = 0xA076_1D64_78BD_642F;
        var place = Mix(Address.Low ^ seed, Address.High ^ TranslatedTo.High ^ BitOperations.RotateLeft(seed, 23) ^ odd);
        return place ^ Mix(_rest ^ BitOperations.RotateLeft(seed, 41), TranslatedTo.Low ^ ~seed);
    }

    private static ulong Mix(ulong one, ulong other) => Math.BigMul(one, other, out var low) ^ low;

    private static int Compare(in IpAddress one, in IpAddress other)
    {
        var order = one.High.CompareTo(other.High);
        return order != 0 ? order : one.Low.CompareTo(other.Low);
    }

    /// <summary>Equality by value.</summary>
    public static bool operator ==(DestinationKey left, DestinationKey right) => left.Equals(right);

    /// <summary>Inequality by value.</summary>
    public static bool operator !=(DestinationKey left, DestinationKey right) => !left.Equals(right);
}
