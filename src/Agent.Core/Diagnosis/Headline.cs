using System.Collections.Immutable;
using Agent.Core.Diagnosis.Rules;

namespace Agent.Core.Diagnosis;

/// <summary>The verdict in one line that a tired person understands.</summary>
/// <param name="Verdict">How bad it is.</param>
/// <param name="Text">The worst cause, or what could not be seen; without the verdict.</param>
public sealed record Headline(Verdict Verdict, string Text)
{
    /// <summary>Names the worst cause and how many other causes there are; says what could not be seen when there is none.</summary>
    /// <param name="findings">Worst first.</param>
    /// <param name="unreadable">Essential sources that could not be read.</param>
    public static Headline Of(ImmutableArray<Finding> findings, ImmutableArray<string> unreadable)
    {
        var causes = FindingGroups.ForReading(findings);
        if (causes.FirstOrDefault(static finding => finding.Id != SourceUnavailableRule.Id) is not { } worst)
        {
            return unreadable.IsEmpty
                ? new(Verdict.Ok, "none of the known causes of failed requests is at work on "
                    + "this node" + (causes.IsEmpty ? "" : $", as far as can be seen ({causes[0].Title})"))
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
