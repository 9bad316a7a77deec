using System.Collections.Immutable;

namespace Agent.Core.Diagnosis;

/// <summary>One cause, wherever it is at work.</summary>
/// <param name="Members">The same finding about each of its subjects, the worst first; at least one.</param>
/// <param name="Consequences">What follows from them, the worst first.</param>
public sealed record CauseGroup(ImmutableArray<Finding> Members, ImmutableArray<Finding> Consequences)
{
    /// <summary>The worst of them.</summary>
    public Finding Worst => Members[0];

    /// <summary>Since when the first of them holds; null when a single scan cannot know.</summary>
    public DateTimeOffset? Since => Members.Min(static finding => finding.FirstSeen);
}
