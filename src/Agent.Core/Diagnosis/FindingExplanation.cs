using System.Collections.Immutable;
using System.Globalization;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>
/// Everything there is to say about one finding, whichever node it is found on. Commands and fixes may hold shell variables such as
/// <c>$NAMESPACE</c>; those that a finding knows are filled in.
/// </summary>
public sealed record FindingExplanation
{
    private static readonly ImmutableArray<string> s_kubernetesOnly = ["NAMESPACE", "POD", "WORKLOAD", "ROLLOUT"];

    private static readonly ImmutableArray<string> s_nameLabels = ["app.kubernetes.io/name", "app", "k8s-app"];

    /// <summary>Stable id, as the contract names it.</summary>
    public required string Id { get; init; }

    /// <summary>What is wrong, in a few words.</summary>
    public required string Title { get; init; }

    /// <summary>What happens, in a short paragraph.</summary>
    public required string What { get; init; }

    /// <summary>Why it matters: one or two sentences.</summary>
    public required string Why { get; init; }

    /// <summary>How it is seen.</summary>
    public required string Seen { get; init; }

    /// <summary>What makes it information, a warning or critical, with the numbers of the rule; the least first.</summary>
    public required ImmutableArray<FindingLevel> Levels { get; init; }

    /// <summary>Sources without which it cannot be judged, of <see cref="SourceNames"/>.</summary>
    public required ImmutableArray<string> Needs { get; init; }

    /// <summary>How to check by hand.</summary>
    public required ImmutableArray<FindingCheck> Checks { get; init; }

    /// <summary>What to do, the best first.</summary>
    public required ImmutableArray<FindingFix> Fixes { get; init; }

    /// <summary>Where to read on, the best first; at least one.</summary>
    public required ImmutableArray<string> References { get; init; }

    /// <summary>What it may follow from; the first that is found counts, so the nearer cause stands before the farther.</summary>
    public ImmutableArray<CauseLink> FollowsFrom { get; init; } = [];

    /// <summary>Lost requests that it accounts for, which are then no finding of their own.</summary>
    public ImmutableArray<LossClaim> Explains { get; init; } = [];

    /// <summary>Makes a finding with this explanation's why, fixes and reference.</summary>
    /// <param name="severity">How bad.</param>
    /// <param name="subject">What it is about.</param>
    /// <param name="title">One line without a full stop.</param>
    /// <param name="evidence">What was seen; one sentence each.</param>
    /// <param name="victims">How many are affected.</param>
    /// <param name="fixes">Fixes to use instead of all of them.</param>
    /// <param name="values">
    /// Values of variables in the fixes, such as <c>("PORT", "8080")</c>. Fixes that lack one only Kubernetes has are left out.
    /// </param>
    public Finding Report(
        Severity severity,
        FindingSubject subject,
        string title,
        IEnumerable<string> evidence,
        long victims = 0,
        IEnumerable<FindingFix>? fixes = null,
        params (string Name, string Value)[] values)
    {
        (string Name, string Value)[] all = subject.Kind == SubjectKind.Pod
            ? [.. values, ("NAMESPACE", subject.Namespace), ("POD", subject.Name)]
            : subject.Kind == SubjectKind.Node
            ? [.. values, ("NODE", subject.Name)]
            : values;
        ImmutableArray<FindingFix> chosen = [.. fixes ?? Fixes];
        ImmutableArray<FindingFix> usable = [.. chosen.Where(fix => !LacksValue(fix, all))];
        return new()
        {
            Id = Id,
            Severity = severity,
            Title = title,
            Subject = subject,
            Evidence = [.. evidence],
            Why = Why,
            Fix = [.. (usable.IsEmpty ? chosen : usable).Select(fix => fix with { Text = Fill(fix.Text, all) })],
            Reference = References[0],
            Victims = victims,
        };
    }

    /// <summary>Makes a finding about an owner of connections, with what the API server knows of it filled into the fixes.</summary>
    public Finding Report(
        Severity severity,
        PodSnapshot owner,
        string title,
        IEnumerable<string> evidence,
        long victims = 0,
        IEnumerable<FindingFix>? fixes = null,
        params (string Name, string Value)[] values) =>
        Report(severity, FindingSubject.Of(owner.Identity), title, evidence, victims, fixes, [.. values, .. Known(owner.Kubernetes)]);

    private static IEnumerable<(string Name, string Value)> Known(KubernetesPod? pod)
    {
        if (pod is { Workload: { } workload })
        {
            yield return ("WORKLOAD", workload.DisplayName);
            if (workload.IsRolledOut)
            {
                yield return ("ROLLOUT", workload.DisplayName);
            }

            yield return ("REPLICAS", ((pod.WorkloadReplicas ?? 1) + 1).ToString(CultureInfo.InvariantCulture));
        }

        if (s_nameLabels.FirstOrDefault(label => pod?.Labels.ContainsKey(label) ?? false) is { } known)
        {
            yield return ("LABEL", known);
            yield return ("APP", pod!.Labels[known]);
        }
    }

    private static bool LacksValue(FindingFix fix, (string Name, string Value)[] values) => s_kubernetesOnly
        .Except(values.Select(static value => value.Name))
        .Any(name => fix.Text.Contains($"${name}", StringComparison.Ordinal));

    private static string Fill(string text, (string Name, string Value)[] values) =>
        values.Aggregate(text, static (filled, value) => filled
            .Replace($"${{{value.Name}}}", value.Value, StringComparison.Ordinal)
            .Replace($"${value.Name}", value.Value, StringComparison.Ordinal));
}

/// <summary>A way to check by hand.</summary>
/// <param name="Purpose">What the command shows.</param>
/// <param name="Command">A shell command.</param>
public sealed record FindingCheck(string Purpose, string Command);
