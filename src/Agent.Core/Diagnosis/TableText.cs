using System.Globalization;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>Sentences about who fills the host's conntrack table.</summary>
internal static class TableText
{
    /// <summary>How many owners a finding names.</summary>
    public const int UsersNamed = 3;

    // nf_conntrack_max of most nodes, where it could not be read.
    private const long UnknownLimit = 131_072;
    private const long MaxLimit = int.MaxValue; // nf_conntrack_max is an int
    private const double RoomyShare = 0.75;
    private const double LoweredShare = 1.01;

    // From this share on, a kind of entry is what an owner's are about.
    private const double Dominates = 0.5;
    private static readonly TimeSpan s_worthSaying = TimeSpan.FromHours(6);

    /// <summary>The owners that fill the table, one sentence each, most first; empty without a dump.</summary>
    public static IEnumerable<string> Users(ConntrackSummary table)
    {
        foreach (var user in table.Flows?.Use.Users.Take(UsersNamed) ?? [])
        {
            var rate = user.Entries.PerSecond is >= 1 and var more ? $", about {HumanText.Rate(Math.Round(more))} more" : "";
            var kind = KindOf(user.Entries) is { Length: > 0 } words ? $"; {words}" : "";
            yield return $"{Name(user.Identity)}: {HumanText.Percent((double)user.Entries.Total / table.Flows!.Total)} of the entries "
                + $"({HumanText.Count(user.Entries.Total)}{rate}){kind}{Destinations(user)}.";
        }
    }

    /// <summary>What to raise nf_conntrack_max to: doubled until what the table holds leaves room.</summary>
    public static string RoomyLimit(ConntrackSummary? table)
    {
        var limit = 2 * Math.Min(table?.Limit is > 0 and var set ? set : UnknownLimit, MaxLimit);
        while (limit < MaxLimit && limit * RoomyShare < (table?.Entries ?? 0))
        {
            limit *= 2;
        }

        return Math.Min(limit, MaxLimit).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>What a limit below the entries means; null where it is not, or only by what the processors add at one instant.</summary>
    public static string? Lowered(double fill) =>
        fill > LoweredShare
            ? "The limit was lowered below what the table held: what is there stays until it ends or expires, and a new connection only "
                + "gets in where an unanswered entry is thrown out for it."
            : null;

    /// <summary>When the table is full if it grows on; null when that is far off or not known.</summary>
    public static string? FullIn(ConntrackSummary table) =>
        table.FullIn is { } fullIn && fullIn > TimeSpan.Zero && fullIn <= s_worthSaying && table.Flows?.Use.PerSecond is { } rate
            ? $"The table grows by about {HumanText.Rate(rate)}; at this rate it is full in about {HumanText.Duration(fullIn)}."
            : null;

    /// <summary>An owner, or what is nobody's.</summary>
    public static string Name(PodIdentity? identity) =>
        identity?.DisplayName ?? "nobody on this node (forwarded connections, pods that are gone)";

    /// <summary>A destination with what is known of it: <c>udp 10.96.0.10:53 (a service)</c>.</summary>
    public static string Name(TablePlace place) => $"{place.Protocol} {place.Destination}" + place.Kind switch
    {
        PlaceKind.Owner => $" ({place.Target!.DisplayName})",
        PlaceKind.Service => " (a service)",
        PlaceKind.LoadBalancer => " (a load balancer)",
        _ => "",
    };

    /// <summary>A count that may be too high by its error.</summary>
    public static string Count(long entries, long error) =>
        error == 0 ? HumanText.Count(entries) : $"{HumanText.Count(entries - error)} to {HumanText.Count(entries)}";

    /// <summary>True when more than half of the entries of an owner that fills the table are so.</summary>
    public static bool Any(ConntrackSummary table, Func<OwnerEntries, long> count) =>
        table.Flows?.Use.Users.Take(UsersNamed).Any(user => IsMostly(user.Entries, count)) ?? false;

    private static bool IsMostly(OwnerEntries entries, Func<OwnerEntries, long> count) => count(entries) > entries.Total * Dominates;

    private static string KindOf(OwnerEntries entries)
    {
        (string Words, long Count)[] kinds =
        [
            ("DNS", entries.Dns),
            ("TIME_WAIT", entries.TimeWait),
            ("established", entries.Established),
            ("without an answer", entries.Unreplied),
        ];
        return string.Join(
            ", ",
            kinds.Where(kind => kind.Count > entries.Total * Dominates)
                .Select(kind => $"{HumanText.Percent((double)kind.Count / entries.Total)} of them {kind.Words}"));
    }

    private static string Destinations(TableUser user)
    {
        // A destination of a few entries is not where they go: the owner has many such.
        var main = user.Destinations.Where(destination => destination.Entries - destination.Error >= user.Entries.Total / 20);
        var named = main.Select(static destination =>
            $"{Name(destination.Place)} {Count(destination.Entries, destination.Error)}").ToArray();
        return named.Length > 0 ? $"; to {string.Join(", ", named)}"
            : user.Destinations.Length > 0 ? "; to many destinations, none with a twentieth of them"
            : "";
    }
}
