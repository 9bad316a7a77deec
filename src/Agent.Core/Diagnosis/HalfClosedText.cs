using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>Half-closed connections as evidence.</summary>
internal static class HalfClosedText
{
    private const int Shown = 3;

    /// <summary>The first few, one sentence each.</summary>
    public static IEnumerable<string> Examples(IEnumerable<HalfClosedConnection> connections) => connections.Take(Shown).Select(One);

    /// <summary>The owner processes, most connections first; empty when none is known.</summary>
    public static string Processes(IEnumerable<HalfClosedConnection> connections) => string.Join(", ", connections
        .Where(static connection => connection.Process is not null)
        .CountBy(static connection => connection.Process!)
        .OrderByDescending(static pair => pair.Value)
        .ThenBy(static pair => pair.Key, StringComparer.Ordinal)
        .Take(Shown)
        .Select(static pair => pair.Key));

    private static string One(HalfClosedConnection connection)
    {
        var tuple = connection.Tuple;
        var age = connection.Age is { } known ? $", half-closed for {(connection.AgeIsMinimum ? "at least " : "")}{Text.Duration(known)}" : "";
        var process = connection.Process is { } name ? $", {name}" : "";
        var closer = connection.ClosedBy switch
        {
            ClosedBy.Peer => ", the peer closed first",
            ClosedBy.Pod => ", this side closed first",
            _ => "",
        };
        return $"For example {tuple.Source.ToString(tuple.SourcePort)} to {tuple.Destination.ToString(tuple.DestinationPort)}: {StateNames.Of(connection.State)}{age}{closer}{process}.";
    }
}
