using System.Collections.Immutable;
using Agent.Core.Attribution;
using Agent.Core.Model;
using Agent.Core.Tallies;
using Agent.Kernel.Conntrack;

namespace Agent.Core.Snapshots;

/// <summary>Sums up a tally: numbers to names.</summary>
public static class FlowDumpBuilder
{
    private const int StatesPerProtocol = 15;

    /// <summary>Sums up a finished dump.</summary>
    /// <param name="tally">What was counted.</param>
    /// <param name="owners">Owners, as when the dump was counted.</param>
    /// <param name="addresses">Whose address is whose, likewise.</param>
    /// <param name="takenAt">When the dump began.</param>
    /// <param name="now">Monotonic time of the dump.</param>
    /// <param name="growth">The dumps before; takes note of this one.</param>
    public static FlowDump Build(
        FlowTally tally,
        ImmutableArray<Owner> owners,
        AddressIndex addresses,
        DateTimeOffset takenAt,
        TimeSpan now,
        TableGrowth growth)
    {
        var entries = EntriesOf(tally, owners, now, growth);
        var use = new TableUseBuilder(tally.Table, owners, addresses).Build(entries, growth.PerSecond(now, tally.Total));
        var entriesByOwner = ByOwner(owners, entries);
        growth.Add(now, tally.Total, entriesByOwner);
        var counts = new List<FlowCount>();
        for (var protocol = 0; protocol <= byte.MaxValue; protocol++)
        {
            var name = ProtocolNames.Get((byte)protocol);
            for (var state = 0; state < StatesPerProtocol; state++)
            {
                Add(counts, name, StateName((byte)protocol, (byte)state), tally.Count((byte)protocol, (byte)state));
            }

            Add(counts, name, "", tally.Count((byte)protocol, null));
        }

        var summary = new FlowSummary
        {
            Total = tally.Total,
            TakenAt = takenAt,
            Counts = [.. counts.OrderByDescending(static count => count.Count)],
            ByProtocol =
            [
                .. counts.GroupBy(static count => count.Protocol)
                    .Select(static group => new FlowCount(group.Key, "", group.Sum(static count => count.Count)))
                    .OrderByDescending(static count => count.Count),
            ],
            ByTcpState = [.. counts.Where(static count => count is { Protocol: "tcp", State.Length: > 0 })],
            HalfClosed = tally.HalfClosed,
            HalfClosedSample = Sample(tally, owners),
            Use = use,
        };
        return new FlowDump(summary, tally.Unattributed, HalfClosedByOwner(tally, owners), entriesByOwner);
    }

    private static OwnerEntries[] EntriesOf(FlowTally tally, ImmutableArray<Owner> owners, TimeSpan now, TableGrowth growth)
    {
        var entries = new OwnerEntries[owners.Length];
        for (var owner = 0; owner < owners.Length; owner++)
        {
            var counted = new OwnerEntries([.. tally.Table.EntriesOf(owner)]);
            entries[owner] = counted with { PerSecond = growth.PerSecond(now, owners[owner].Identity, counted.Total) };
        }

        return entries;
    }

    private static ImmutableDictionary<PodIdentity, OwnerEntries> ByOwner(ImmutableArray<Owner> owners, OwnerEntries[] entries)
    {
        var result = ImmutableDictionary.CreateBuilder<PodIdentity, OwnerEntries>();
        for (var owner = 0; owner < owners.Length; owner++)
        {
            result[owners[owner].Identity] = entries[owner];
        }

        return result.ToImmutable();
    }

    private static void Add(List<FlowCount> counts, string protocol, string state, long count)
    {
        if (count > 0)
        {
            counts.Add(new FlowCount(protocol, state, count));
        }
    }

    private static string StateName(byte protocol, byte state) => protocol switch
    {
        6 => TcpConntrackStates.Name((TcpConntrackState)state),
        132 => SctpConntrackStates.Name(state),
        _ => "",
    };

    private static ImmutableArray<HalfClosedFlow> Sample(FlowTally tally, ImmutableArray<Owner> owners)
    {
        var sample = ImmutableArray.CreateBuilder<HalfClosedFlow>(tally.Sample.Length);
        foreach (ref readonly var entry in tally.Sample)
        {
            sample.Add(new HalfClosedFlow(entry.Flow, Identity(entry.Initiator, owners), Identity(entry.Responder, owners)));
        }

        sample.Sort(static (a, b) => a.Flow.TimeoutSeconds.CompareTo(b.Flow.TimeoutSeconds));
        return sample.MoveToImmutable();
    }

    private static PodIdentity? Identity(int owner, ImmutableArray<Owner> owners) => owner < 0 ? null : owners[owner].Identity;

    private static ImmutableDictionary<PodIdentity, HalfClosedEntries> HalfClosedByOwner(FlowTally tally, ImmutableArray<Owner> owners)
    {
        var result = ImmutableDictionary.CreateBuilder<PodIdentity, HalfClosedEntries>();
        for (var owner = 0; owner < owners.Length; owner++)
        {
            var entries = tally.EntriesOf(owner);
            if (entries.ContainsAnyExcept(0))
            {
                result[owners[owner].Identity] = new HalfClosedEntries([.. entries]);
            }
        }

        return result.ToImmutable();
    }
}
