using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>Half-closed connections as evidence.</summary>
internal static class HalfClosedText
{
    private const int Shown = 3;

    /// <summary>The first few, one sentence each.</summary>
    public static ImmutableArray<string> Examples(IEnumerable<HalfClosedConnection> connections) =>
        [.. connections.Take(Shown).Select(One)];

    /// <summary>The owner processes, the program with most connections first; empty when none is known.</summary>
    public static string Processes(IEnumerable<HalfClosedConnection> connections) => string.Join(", ", connections
        .Where(static connection => connection.Process is not null)
        .GroupBy(static connection => connection.Process!.Command)
        .OrderByDescending(static program => program.Count())
        .ThenBy(static program => program.Key, StringComparer.Ordinal)
        .Take(Shown)
        .Select(Program));

    // A server that forks for each connection has as many processes as connections: sh(7, 8, 9 and 4 more).
    private static string Program(IGrouping<string, HalfClosedConnection> program)
    {
        var ids = program.Select(connection => connection.Process!.Pid).Distinct().ToList();
        return $"{program.Key}({string.Join(", ", ids.Take(Shown))}{(ids.Count > Shown ? $" and {ids.Count - Shown} more" : "")})";
    }

    private static string One(HalfClosedConnection connection)
    {
        var tuple = connection.Tuple;
        var age = connection.Age is { } known ? ", half-closed for "
            + $"{(connection.AgeIsMinimum ? "at least " : "")}{HumanText.Duration(known)}" : "";
        var process = connection.Process is { } name ? $", {name.DisplayName}" : "";
        var closer = connection.ClosedBy switch
        {
            ClosedBy.Peer => ", the peer closed first",
            ClosedBy.Pod => ", this side closed first",
            _ => "",
        };
        return $"For example {tuple.Source.ToString(tuple.SourcePort)} to {tuple.Destination.ToString(tuple.DestinationPort)}: "
            + $"{StateNames.Of(connection.State)}{age}{closer}{process}.";
    }
}
