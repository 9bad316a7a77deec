using System.Collections.Immutable;
using Agent.Core.Attribution;
using Agent.Core.Model;
using Agent.Core.Tallies;
using Agent.Kernel.Conntrack;

namespace Agent.Core.Snapshots;

/// <summary>Sums up who fills the table: numbers to names, the largest only.</summary>
/// <param name="tally">What was counted.</param>
/// <param name="owners">Owners, as when the dump was counted.</param>
/// <param name="addresses">Whose address is whose, likewise.</param>
internal sealed class TableUseBuilder(TableTally tally, ImmutableArray<Owner> owners, AddressIndex addresses)
{
    /// <summary>Owners that are listed.</summary>
    public const int MaxUsers = 20;

    /// <summary>Destinations that are listed.</summary>
    public const int MaxDestinations = 50;

    private const int MaxDestinationsOfUser = 3;
    private const int MaxShared = 10;
    private const int MaxHolders = 5;

    /// <summary>Sums up a finished dump.</summary>
    /// <param name="byOwner">Entries by owner index, growth included.</param>
    /// <param name="perSecond">How fast all entries become more.</param>
    public TableUse Build(ReadOnlySpan<OwnerEntries> byOwner, double? perSecond)
    {
        var nobody = new OwnerEntries([.. tally.EntriesOf(AddressIndex.None)]);
        return new()
        {
            Users = UsersOf(byOwner, nobody),
            Destinations = [.. Largest(MaxDestinations, static (in _) => true).Select(ToDestination)],
            Translated = SharedBy(tally.Translations),
            Shared = SharedBy(tally.Destinations),
            Nobody = nobody,
            Zones = [.. tally.Zones.ToArray().OrderByDescending(static zone => zone.Entries)],
            BeyondZones = tally.BeyondZones,
            LargestMissing = tally.Destinations.LargestMissing,
            PerSecond = perSecond,
        };
    }

    private delegate bool RowFilter(in DestinationRow row);

    private ImmutableArray<TableUser> UsersOf(ReadOnlySpan<OwnerEntries> byOwner, OwnerEntries nobody)
    {
        var users = new List<(int Owner, OwnerEntries Entries)>(byOwner.Length + 1) { (AddressIndex.None, nobody) };
        for (var owner = 0; owner < byOwner.Length; owner++)
        {
            users.Add((owner, byOwner[owner]));
        }

        return
        [
            .. users.Where(static user => user.Entries.Total > 0)
                .OrderByDescending(static user => user.Entries.Total)
                .Take(MaxUsers)
                .Select(user => new TableUser(IdentityOf(user.Owner), user.Entries, DestinationsOf(user.Owner))),
        ];
    }

    private ImmutableArray<TableDestination> DestinationsOf(int owner) =>
        [.. Largest(MaxDestinationsOfUser, (in row) => row.Key.Owner == owner).Select(ToDestination)];

    /// <summary>The positions of the rows with the most entries, most first.</summary>
    private List<int> Largest(int most, RowFilter filter)
    {
        var rows = tally.Destinations.Rows;
        var largest = new List<int>(most + 1);
        for (var position = 0; position < rows.Length; position++)
        {
            ref readonly var row = ref rows[position];
            if ((largest.Count < most || row.Entries > rows[largest[^1]].Entries) && filter(row))
            {
                var at = largest.Count;
                while (at > 0 && rows[largest[at - 1]].Entries < row.Entries)
                {
                    at--;
                }

                largest.Insert(at, position);
                if (largest.Count > most)
                {
                    largest.RemoveAt(most);
                }
            }
        }

        return largest;
    }

    /// <summary>The places with the most entries of all owners together.</summary>
    private ImmutableArray<SharedDestination> SharedBy(DestinationTable table)
    {
        var order = table.OrderByPlace();
        var rows = table.Rows;
        var places = new PriorityQueue<(int Start, int Length), long>(MaxShared + 1);
        for (int start = 0, end; start < order.Length; start = end)
        {
            var sum = 0L;
            for (end = start; end < order.Length && rows[order[end]].Key.IsSamePlace(rows[order[start]].Key); end++)
            {
                sum += rows[order[end]].Key.Received ? 0 : rows[order[end]].Entries;
            }

            if (sum > 0)
            {
                places.Enqueue((start, end - start), sum);
                if (places.Count > MaxShared)
                {
                    places.Dequeue();
                }
            }
        }

        var shared = new SharedDestination[places.Count];
        while (places.TryDequeue(out var place, out _))
        {
            shared[places.Count] = ToShared(rows, order.Slice(place.Start, place.Length));
        }

        return [.. shared];
    }

    private SharedDestination ToShared(ReadOnlySpan<DestinationRow> rows, ReadOnlySpan<int> positions)
    {
        long entries = 0, error = 0, timeWait = 0;
        var redirected = false;
        var holders = new List<DestinationHolder>();
        foreach (var position in positions)
        {
            ref readonly var row = ref rows[position];
            if (!row.Key.Received)
            {
                entries += row.Entries;
                error += row.Error;
                timeWait += row.TimeWait;
                redirected |= row.Redirected > 0;
                holders.Add(new(IdentityOf(row.Key.Owner), row.Entries));
            }
        }

        var key = rows[positions[0]].Key;
        var isTranslated = !key.TranslatedTo.IsUnspecified;
        return new(
            PlaceOf(key, redirected && !isTranslated),
            isTranslated ? key.TranslatedTo : null,
            entries,
            error,
            timeWait,
            [.. holders.OrderByDescending(static holder => holder.Entries).Take(MaxHolders)]);
    }

    private TableDestination ToDestination(int position)
    {
        ref readonly var row = ref tally.Destinations.Rows[position];
        return new(
            IdentityOf(row.Key.Owner),
            row.Key.Received,
            PlaceOf(row.Key, row.Redirected > 0),
            row.Entries,
            row.Error,
            row.Established,
            row.TimeWait,
            row.Unreplied);
    }

    private TablePlace PlaceOf(in DestinationKey key, bool redirected)
    {
        var target = IdentityOf(addresses.Find(key.Address));
        var kind = target is not null ? PlaceKind.Owner
            : redirected ? PlaceKind.Service
            : LoadBalancerRanges.Contains(key.Address) ? PlaceKind.LoadBalancer
            : PlaceKind.Elsewhere;
        return new(ProtocolNames.Get(key.Protocol), key.Address, key.Port, kind, target);
    }

    private PodIdentity? IdentityOf(int owner) => owner < 0 ? null : owners[owner].Identity;
}
