namespace Agent.Kernel.Net;

/// <summary>An address range. IPv4 ranges are kept as v4-mapped, as <see cref="IpAddress"/> keeps addresses.</summary>
/// <param name="Address">Any address in it.</param>
/// <param name="PrefixLength">Leading bits that all its addresses share, of 128: an IPv4 /24 is 120.</param>
public readonly record struct IpNetwork(IpAddress Address, int PrefixLength)
{
    /// <summary>What an IPv4 prefix length is short of one of 128 bits.</summary>
    public const int MappedPrefixLength = 96;

    /// <summary>The same range written with its first address, so that equal ranges are equal values.</summary>
    public IpNetwork Canonical => this with { Address = new(Address.High & Mask(PrefixLength), Address.Low & Mask(PrefixLength - 64)) };

    /// <summary>True when the address is in the range.</summary>
    public bool Contains(IpAddress address) =>
        ((Address.High ^ address.High) & Mask(PrefixLength)) == 0 && ((Address.Low ^ address.Low) & Mask(PrefixLength - 64)) == 0;

    private static ulong Mask(int bits) => bits <= 0 ? 0 : bits >= 64 ? ulong.MaxValue : ulong.MaxValue << (64 - bits);
}
