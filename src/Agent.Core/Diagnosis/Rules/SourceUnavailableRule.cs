using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Sources that could not be read, and what is therefore not judged.</summary>
public sealed class SourceUnavailableRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "source-unavailable";

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "something could not be read",
        What = "A source of facts is missing, refused or failed. Findings that depend on it are not made: silence about them means "
            + "unknown, not healthy.",
        Why = "What cannot be seen cannot be ruled out: the causes that depend on this source are not judged.",
        Seen = "The status of each source, and what it lacks.",
        Levels =
        [
            new(Severity.Info, "it is not available here, or only in part"),
            new(Severity.Warning, "it failed, or neither conntrack nor sockets can be read"),
        ],
        Needs = [],
        Checks =
        [
            new("all sources and what is missing", "closewatch report -o json | grep -A6 '\"sources\"'"),
            new("the capabilities of the agent", "grep CapEff /proc/self/status"),
            new("the kernel modules", "lsmod | grep -E 'nf_conntrack|inet_diag'"),
        ],
        Fixes = SourceFixes.All,
        References = ["https://man7.org/linux/man-pages/man7/capabilities.7.html"],
    };

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        var snapshot = context.Current;
        var blind = !snapshot.HasSource(SourceNames.Conntrack) && !snapshot.HasSource(SourceNames.Sockets);
        foreach (var source in snapshot.Sources)
        {
            if (source.Status == SourceStatus.Ok || IsExpected(snapshot, source))
            {
                continue;
            }

            var essential = blind && source.Name is SourceNames.Conntrack or SourceNames.Sockets;
            yield return Explanation.Report(
                source.Status == SourceStatus.Failed || (essential && source.Status == SourceStatus.Unavailable)
                    ? Severity.Warning
                    : Severity.Info,
                FindingSubject.Source(source.Name),
                source.Status == SourceStatus.Degraded ? $"{source.Name} could be read only in part" : $"{source.Name} could not be read",
                Evidence(source),
                fixes: SourceFixes.Of(source));
        }
    }

    /// <summary>
    /// A plain Linux machine has no pods and no API server, and one without nf_conntrack no table; that is no defect of it.
    /// </summary>
    internal static bool IsExpected(Snapshot snapshot, SourceReport source) =>
        source.Status == SourceStatus.Unavailable && source.Name switch
        {
            SourceNames.Kubernetes or SourceNames.Pods => !snapshot.Pods.Any(static pod => pod.Identity.Kind == PodKind.Pod),
            SourceNames.Conntrack or SourceNames.ConntrackStats or SourceNames.Sysctl => snapshot.TracksNothing,
            _ => false,
        };

    private static IEnumerable<string> Evidence(SourceReport source)
    {
        yield return $"{source.Name} ({source.Backend}) is {source.Status.ToString().ToLowerInvariant()}: "
            + $"{(source.Detail.Length > 0 ? source.Detail : "no reason given")}";
        var lost = FindingCatalog.All
            .Where(explanation => explanation.Needs.Contains(source.Name))
            .Select(static explanation => explanation.Id)
            .ToList();
        if (source.Status != SourceStatus.Degraded && lost.Count > 0)
        {
            yield return $"Not judged without it: {string.Join(", ", lost)}.";
        }
    }
}
