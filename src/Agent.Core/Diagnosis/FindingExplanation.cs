using System.Collections.Immutable;

namespace Agent.Core.Diagnosis;

/// <summary>Everything there is to say about one finding, whichever node it is found on. Commands and fixes may hold shell variables such as <c>$NAMESPACE</c>; those that a finding knows are filled in.</summary>
public sealed record FindingExplanation
{
    /// <summary>One of <see cref="FindingIds"/>.</summary>
    public required string Id { get; init; }

    /// <summary>What is wrong, in a few words.</summary>
    public required string Title { get; init; }

    /// <summary>What happens, in a short paragraph.</summary>
    public required string What { get; init; }

    /// <summary>Why it matters: one or two sentences.</summary>
    public required string Why { get; init; }

    /// <summary>How it is seen, and what makes it information, a warning or critical.</summary>
    public required string Seen { get; init; }

    /// <summary>Sources without which it cannot be judged, of <see cref="Model.SourceNames"/>.</summary>
    public required ImmutableArray<string> Needs { get; init; }

    /// <summary>How to check by hand.</summary>
    public required ImmutableArray<FindingCheck> Checks { get; init; }

    /// <summary>What to do, the best first.</summary>
    public required ImmutableArray<FindingFix> Fixes { get; init; }

    /// <summary>Where to read on, the best first; at least one.</summary>
    public required ImmutableArray<string> References { get; init; }

    /// <summary>Makes a finding with this explanation's why, fixes and reference.</summary>
    /// <param name="severity">How bad.</param>
    /// <param name="subject">What it is about.</param>
    /// <param name="title">One line without a full stop.</param>
    /// <param name="evidence">What was seen; one sentence each.</param>
    /// <param name="victims">How many are affected.</param>
    /// <param name="fixes">Fixes to use instead of all of them.</param>
    /// <param name="values">Values of variables in the fixes, such as <c>("PORT", "8080")</c>.</param>
    public Finding Report(
        Severity severity,
        FindingSubject subject,
        string title,
        IEnumerable<string> evidence,
        long victims = 0,
        IEnumerable<FindingFix>? fixes = null,
        params (string Name, string Value)[] values)
    {
        (string Name, string Value)[] all = subject.Kind == "pod" ? [.. values, ("NAMESPACE", subject.Namespace), ("POD", subject.Name)] : values;
        return new()
        {
            Id = Id,
            Severity = severity,
            Title = title,
            Subject = subject,
            Evidence = [.. evidence],
            Why = Why,
            Fix = [.. (fixes ?? Fixes).Select(fix => $"{fix.Where}: {Fill(fix.Text, all)}")],
            Reference = References[0],
            Victims = victims,
        };
    }

    private static string Fill(string text, (string Name, string Value)[] values) =>
        values.Aggregate(text, static (filled, value) => filled
            .Replace($"${{{value.Name}}}", value.Value, StringComparison.Ordinal)
            .Replace($"${value.Name}", value.Value, StringComparison.Ordinal));
}

/// <summary>A way to check by hand.</summary>
/// <param name="Purpose">What the command shows.</param>
/// <param name="Command">A shell command.</param>
public sealed record FindingCheck(string Purpose, string Command);

/// <summary>A way to repair.</summary>
/// <param name="Where">The runtime, platform or object that it is for.</param>
/// <param name="Text">A setting, an annotation or a command that can be pasted.</param>
public sealed record FindingFix(string Where, string Text);
