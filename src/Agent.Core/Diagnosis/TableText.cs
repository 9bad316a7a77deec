using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>Sentences about who fills the host's conntrack table.</summary>
internal static class TableText
{
    /// <summary>How many owners a finding names.</summary>
    public const int UsersNamed = 3;

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
