using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Sources;

/// <summary>The reports of one scan, in the order of the contract.</summary>
internal sealed class SourceReports
{
    private static readonly string[] s_order =
    [
        SourceNames.Conntrack, SourceNames.ConntrackStats, SourceNames.Sysctl, SourceNames.Sockets, SourceNames.Namespaces, SourceNames.Pods, SourceNames.Kubernetes,
    ];

    private readonly List<SourceReport> _reports = [];

    public void Add(SourceReport report) => _reports.Add(report);

    public ImmutableArray<SourceReport> ToImmutable() => [.. _reports.OrderBy(static report => Array.IndexOf(s_order, report.Name))];
}
