using System.Collections.Immutable;
using Agent.Core.Diagnosis.Rules;

namespace Agent.Core.Diagnosis;

/// <summary>The verdict in one line that a tired person understands.</summary>
/// <param name="Verdict">How bad it is.</param>
/// <param name="Text">The worst cause, or what could not be seen; without the verdict.</param>
public sealed record Headline(Verdict Verdict, string Text)
{
    /// <summary>
    /// Names the worst cause and how many other causes there are; says what could not be seen when there is none. Where there are only
    /// notes nothing fails, and it says so.
    /// </summary>
    /// <param name="findings">Worst first.</param>
    /// <param name="unreadable">Essential sources that could not be read.</param>
    public static Headline Of(ImmutableArray<Finding> findings, ImmutableArray<string> unreadable)
    {
        var causes = FindingGroups.ForReading(findings);
        var unseen = causes.FirstOrDefault(static finding => finding.Id == SourceUnavailableRule.Id);
        var known = causes.Where(static finding => finding.Id != SourceUnavailableRule.Id).ToList();
        if (known.FirstOrDefault(static finding => finding.Severity > Severity.Info) is not { } worst)
        {
            return unreadable.IsEmpty
                ? new(Verdict.Ok, "none of the known causes of failed requests is at work on this node"
                    + (unseen is null ? "" : $", as far as can be seen ({unseen.Title})")
                    + (known.Count == 0 ? "" : $"; {HumanText.Count(known.Count, "note")}"))
                : new(Verdict.Unknown, $"nothing found, but {string.Join(" and ", unreadable)} could not be read");
        }

        var more = (causes.Length - 1) switch
        {
            0 => "",
            1 => " (and 1 other finding)",
            var others => $" (and {others} other findings)",
        };
        return new(Verdicts.Of(worst.Severity), worst.Title + more);
    }

    /// <summary><c>CRITICAL: ...</c>.</summary>
    public override string ToString() => $"{Verdicts.Name(Verdict).ToUpperInvariant()}: {Text}";
}
