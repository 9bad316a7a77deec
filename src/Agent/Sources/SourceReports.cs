using System.Collections.Immutable;
using Agent.Core.Model;
using Agent.Kubernetes;

namespace Agent.Sources;

/// <summary>The reports of one scan, in the order of the contract.</summary>
internal sealed class SourceReports
{
    private static readonly string[] s_order =
    [
        SourceNames.Conntrack, SourceNames.ConntrackStats, SourceNames.Sysctl, SourceNames.Sockets,
        SourceNames.Namespaces, SourceNames.Pods, SourceNames.Kubernetes,
    ];

    private readonly List<SourceReport> _reports = [];

    public void Add(SourceReport report) => _reports.Add(report);

    /// <summary>How the API server fared; nothing where it is not asked.</summary>
    public void Add(KubernetesView? kubernetes)
    {
        if (kubernetes is not null)
        {
            Add(new SourceReport(SourceNames.Kubernetes, "api", kubernetes.Status, kubernetes.Detail, TimeSpan.Zero, kubernetes.Pods.Length)
            {
                Needs = kubernetes.Needs,
            });
        }
    }

    public ImmutableArray<SourceReport> ToImmutable() => [.. _reports.OrderBy(static report => Array.IndexOf(s_order, report.Name))];
}
