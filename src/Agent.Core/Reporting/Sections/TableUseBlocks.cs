using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Reporting.Sections;

/// <summary>Who fills the host's conntrack table, and with connections to where.</summary>
internal static class TableUseBlocks
{
    private const int MostOwners = 10;
    private const int MostDestinations = 10;

    /// <summary>Only what there is something to say of, of the owners that are asked for.</summary>
    public static IEnumerable<ReportBlock> Build(ReportView view, FlowSummary flows)
    {
        var options = view.Input.Options;
        var users = flows.Use.Users.Where(user => IsSelected(options, user.Identity)).Take(MostOwners).ToImmutableArray();
        if (!users.IsEmpty)
        {
            yield return new TableBlock(
                "Who fills it",
                [new("owner"), new("entries", true), new("share", true), new("opened", true), new("accepted", true), new("a second", true)],
                [.. users.Select(user => Row(user, flows.Total))]);
        }

        var destinations = flows.Use.Destinations
            .Where(destination => IsSelected(options, destination.Owner))
            .Take(MostDestinations)
            .ToImmutableArray();
        if (!destinations.IsEmpty)
        {
            yield return new TableBlock(
                "Destinations of most entries",
                [new("owner"), new("destination"), new("what"), new("entries", true)],
                [.. destinations.Select(Row)]);
        }

        if (flows.Use.Zones.Length > 1 && !options.IsFiltered)
        {
            var zones = flows.Use.Zones.Select(static zone => $"{zone.Zone} with {HumanText.Count(zone.Entries)}");
            yield return new TextBlock($"Zones: {string.Join(", ", zones)} entries");
        }
    }

    private static bool IsSelected(ReportOptions options, PodIdentity? owner) =>
        owner is null ? !options.IsFiltered : options.Selects(owner);

    private static ImmutableArray<ReportCell> Row(TableUser user, long total) =>
    [
        user.Identity?.DisplayName ?? "nobody on this node",
        new(HumanText.Count(user.Entries.Total)),
        new(HumanText.Percent((double)user.Entries.Total / total)),
        new(user.Identity is null ? HumanText.Unknown : HumanText.Count(user.Entries.Originated)),
        new(user.Identity is null ? HumanText.Unknown : HumanText.Count(user.Entries.Received)),
        new(user.Entries.PerSecond is { } rate ? HumanText.Rate(rate) : HumanText.Unknown),
    ];

    private static ImmutableArray<ReportCell> Row(TableDestination destination) =>
    [
        destination.Owner?.DisplayName ?? "nobody on this node",
        $"{destination.Place.Protocol} {destination.Place.Destination}",
        destination.Place.Target?.DisplayName ?? destination.Place.KindName.Replace('_', ' '),
        new(destination.Error == 0
            ? HumanText.Count(destination.Entries)
            : $"{HumanText.Count(destination.Entries - destination.Error)} to {HumanText.Count(destination.Entries)}"),
    ];
}
