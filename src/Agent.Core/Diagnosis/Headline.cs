using System.Collections.Immutable;

namespace Agent.Core.Diagnosis;

/// <summary>The verdict in one line.</summary>
public static class Headline
{
    /// <summary>Names the worst cause and how many other causes there are; says what could not be seen when there is none.</summary>
    /// <param name="findings">Worst first.</param>
    /// <param name="unreadable">Essential sources that could not be read.</param>
    public static string Of(ImmutableArray<Finding> findings, ImmutableArray<string> unreadable)
    {
        var causes = FindingGroups.ForReading(FindingOrder.Sort(findings
            .Where(finding => !findings.Any(cause => IsCause(cause, finding)))
            .Select(cause => cause with { Severity = findings.Where(finding => IsCause(cause, finding)).Select(static finding => finding.Severity).Append(cause.Severity).Max() })));
        if (causes.FirstOrDefault(static finding => finding.Id != FindingIds.SourceUnavailable) is not { } worst)
        {
            return unreadable.IsEmpty
                ? "OK: none of the known causes of failed requests is at work on this node" + (causes.IsEmpty ? "" : $", as far as can be seen ({causes[0].Title})")
                : $"UNKNOWN: nothing found, but {string.Join(" and ", unreadable)} could not be read";
        }

        var more = (causes.Length - 1) switch
        {
            0 => "",
            1 => " (and 1 other finding)",
            var others => $" (and {others} other findings)",
        };
        return $"{worst.Severity.ToString().ToUpperInvariant()}: {worst.Title}{more}";
    }

    // What to repair is the cause, and it is as bad as the worst that follows from it.
    private static bool IsCause(Finding cause, Finding finding) =>
        cause.Id == finding.CausedBy && (cause.Subject == finding.Subject || cause.Subject.Kind is "node");
}
