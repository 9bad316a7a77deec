using System.Collections.Immutable;
using Agent.Kernel.Conntrack;

namespace Agent.Core.Model;

/// <summary>
/// The protocols by which the entries of an owner are told apart: those that the tracker knows, and one for all others. A pod chooses
/// what it sends, and must not make a series for each of 256 numbers.
/// </summary>
public static class EntryProtocols
{
    private static readonly ImmutableArray<byte> s_numbers = [6, 17, 1, 58, 132, 47, 33, 136];

    /// <summary>Names by slot: <c>tcp</c>, <c>udp</c>, ..., <c>other</c> last.</summary>
    public static ImmutableArray<string> Names { get; } = [.. s_numbers.Select(ProtocolNames.Get), "other"];

    /// <summary>How many there are.</summary>
    public const int Count = 9;

    /// <summary>The slot of an IPPROTO_* number.</summary>
    public static int SlotOf(byte protocol) => s_numbers.IndexOf(protocol) is >= 0 and var slot ? slot : Count - 1;
}
