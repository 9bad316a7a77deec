using System.Collections.Immutable;

namespace Agent.Core.Model;

/// <summary>
/// The entries of one owner in the host's conntrack table, in one dump. A connection between two owners of this node is one entry and
/// counts for both.
/// </summary>
/// <param name="Counts">
/// <see cref="Length"/> numbers: entries that the owner originated by slot of <see cref="EntryProtocols"/>, those that it received,
/// those of both (it connected to itself), then TCP in ESTABLISHED, TCP in TIME_WAIT, entries without an answer, entries to port 53.
/// </param>
/// <param name="PerSecond">How fast they have become more in the last dumps, in entries a second; null for a single dump.</param>
public sealed record OwnerEntries(ImmutableArray<int> Counts, double? PerSecond = null)
{
    internal const int ReceivedOffset = EntryProtocols.Count;
    internal const int ToItselfOffset = 2 * EntryProtocols.Count;
    internal const int EstablishedIndex = 3 * EntryProtocols.Count;
    internal const int TimeWaitIndex = EstablishedIndex + 1;
    internal const int UnrepliedIndex = EstablishedIndex + 2;
    internal const int DnsIndex = EstablishedIndex + 3;

    /// <summary>How many numbers there are.</summary>
    public const int Length = DnsIndex + 1;

    /// <summary>No entry.</summary>
    public static OwnerEntries None { get; } = new([.. new int[Length]]);

    /// <summary>Entries at either end of which it is.</summary>
    public long Total => Originated + Received - Sum(ToItselfOffset);

    /// <summary>Entries whose first packet it sent; of nobody's entries, all.</summary>
    public long Originated => Sum(0);

    /// <summary>Entries that it accepted.</summary>
    public long Received => Sum(ReceivedOffset);

    /// <summary>TCP entries in ESTABLISHED.</summary>
    public long Established => Counts[EstablishedIndex];

    /// <summary>TCP entries in TIME_WAIT.</summary>
    public long TimeWait => Counts[TimeWaitIndex];

    /// <summary>Entries that have seen no answer.</summary>
    public long Unreplied => Counts[UnrepliedIndex];

    /// <summary>Entries to port 53, UDP and TCP.</summary>
    public long Dns => Counts[DnsIndex];

    /// <summary>Entries of one protocol that it originated.</summary>
    public long OriginatedBy(int slot) => Counts[slot];

    /// <summary>Entries of one protocol that it received.</summary>
    public long ReceivedBy(int slot) => Counts[ReceivedOffset + slot];

    /// <summary>Entries of one protocol.</summary>
    public long Of(int slot) => Counts[slot] + Counts[ReceivedOffset + slot] - Counts[ToItselfOffset + slot];

    private long Sum(int offset)
    {
        var sum = 0L;
        foreach (var count in Counts.AsSpan(offset, EntryProtocols.Count))
        {
            sum += count;
        }

        return sum;
    }
}
