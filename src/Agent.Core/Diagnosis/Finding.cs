using System.Collections.Immutable;

namespace Agent.Core.Diagnosis;

/// <summary>A cause of failed requests that is at work on this node, with its evidence and its fix.</summary>
public sealed record Finding
{
    /// <summary>Stable id, see <see cref="FindingCatalog"/>.</summary>
    public required string Id { get; init; }

    /// <summary>How bad.</summary>
    public required Severity Severity { get; init; }

    /// <summary>One line that names the cause, the victim and the numbers.</summary>
    public required string Title { get; init; }

    /// <summary>
    /// What happens, in a dozen words and without the subject's name, for the row of a table; empty where the title is short enough.
    /// </summary>
    public string Brief { get; init; } = "";

    /// <summary>What it is about.</summary>
    public required FindingSubject Subject { get; init; }

    /// <summary>What was seen, with numbers; one sentence each.</summary>
    public required ImmutableArray<string> Evidence { get; init; }

    /// <summary>Single connections that show it, one sentence each; a bounded number.</summary>
    public ImmutableArray<string> Examples { get; init; } = [];

    /// <summary>Why it matters, in one or two sentences.</summary>
    public required string Why { get; init; }

    /// <summary>What to do: settings, annotations and commands that can be pasted, the best first.</summary>
    public required ImmutableArray<FindingFix> Fix { get; init; }

    /// <summary>Where to read on.</summary>
    public required string Reference { get; init; }

    /// <summary>How many connections, packets or containers are affected: orders findings of the same severity.</summary>
    public long Victims { get; init; }

    /// <summary>Which of several things a finding of this id says; those that say different things are not merged for reading.</summary>
    public string Form { get; init; } = "";

    /// <summary>
    /// How long it must hold before a running agent shows it: by then another finding may explain it. Where it ends before, and nothing
    /// explains it, it is shown then. A single report, which has no later scan to wait for, shows it at once.
    /// </summary>
    public TimeSpan Patience { get; init; }

    /// <summary>The ports whose lost requests it explains (<see cref="LossClaim"/>); null for all.</summary>
    public ImmutableArray<ushort>? Ports { get; init; }

    /// <summary>Id of the finding that this one follows from; null for a cause. See <see cref="CauseLinks"/>.</summary>
    public string? CausedBy { get; init; }

    /// <summary>What that finding is about; null for this one's own subject.</summary>
    public FindingSubject? CauseSubject { get; init; }

    /// <summary>What follows from this one, worst first; filled in for reading only, see <see cref="FindingGroups"/>.</summary>
    public ImmutableArray<Finding> Consequences { get; init; } = [];

    /// <summary>Since when it holds; set by the tracker of the long-running agent, null for a single scan.</summary>
    public DateTimeOffset? FirstSeen { get; init; }
}
