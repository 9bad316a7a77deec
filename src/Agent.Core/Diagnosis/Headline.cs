using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>The verdict in one line.</summary>
public static class Headline
{
    private static readonly ImmutableArray<string> s_essential = [SourceNames.Conntrack, SourceNames.Sockets];

    /// <summary>Names the worst cause and how many other causes there are; says what could not be seen when there is none.</summary>
    /// <param name="findings">Worst first.</param>
    /// <param name="snapshot">What was judged.</param>
    public static string Of(ImmutableArray<Finding> findings, Snapshot snapshot)
    {
        var causes = FindingGroups.ForReading([.. findings.Where(static finding => finding.CausedBy is null)]);
        if (causes.IsEmpty || causes[0].Id == FindingIds.SourceUnavailable)
        {
            var blind = s_essential.Where(name => snapshot.Source(name) is not null && !snapshot.HasSource(name)).ToList();
            return blind.Count == 0 && causes.IsEmpty
                ? "OK: none of the known causes of failed requests is at work on this node"
                : blind.Count == 0
                    ? $"{causes[0].Severity.ToString().ToUpperInvariant()}: nothing found, but {causes[0].Title}"
                    : $"UNKNOWN: nothing found, but {string.Join(" and ", blind)} could not be read";
        }

        var others = causes.Length - 1;
        var more = others switch
        {
            0 => "",
            1 => " (and 1 other finding)",
            _ => $" (and {others} other findings)",
        };
        return $"{causes[0].Severity.ToString().ToUpperInvariant()}: {causes[0].Title}{more}";
    }
}
