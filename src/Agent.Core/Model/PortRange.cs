namespace Agent.Core.Model;

/// <summary>Ports from the first to the last, both included.</summary>
/// <param name="First">The lowest.</param>
/// <param name="Last">The highest; not below the first.</param>
public readonly record struct PortRange(ushort First, ushort Last)
{
    /// <summary>
    /// What the kernel's NAT chooses a source port from when that of the connection is taken, unless a rule names others
    /// (nf_nat_l4proto_unique_tuple, net/netfilter/nf_nat_core.c; lower ones only for connections from below 1024).
    /// </summary>
    public static PortRange OfNat { get; } = new(1024, ushort.MaxValue);

    /// <summary>How many ports that are.</summary>
    public int Count => Last - First + 1;

    /// <inheritdoc/>
    public override string ToString() => $"{First}-{Last}";
}
