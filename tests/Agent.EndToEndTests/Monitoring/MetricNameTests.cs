using System.Text.RegularExpressions;
using Agent.Core.Metrics;
using Xunit;

namespace Agent.EndToEndTests.Monitoring;

/// <summary>Dashboards and alerts speak of metrics that the agent exports.</summary>
public sealed partial class MetricNameTests
{
    // What Prometheus and kube-state-metrics know themselves.
    private static readonly string[] s_foreign = ["kube_node_info", "kube_pod_container_status_restarts_total", "kube_pod_info", "up"];

    private static readonly IReadOnlySet<string> s_known = MetricCatalog.All.Select(static metric => metric.Name).ToHashSet(StringComparer.Ordinal);

    [Fact]
    public void Dashboards_EveryMetric_IsInTheCatalogue()
    {
        var queries = Dashboard.Names.SelectMany(static name => Dashboard.Read(name).DataPanels).SelectMany(static panel => panel.Queries);

        Assert.Empty(Metrics(queries).Except(s_known));
        Assert.Empty(Metrics(Dashboard.Names.SelectMany(static name => Dashboard.Read(name).OtherQueries)).Except(s_known).Except(s_foreign));
    }

    [Fact]
    public void Dashboards_EveryMetricOfTheCatalogue_IsShown()
    {
        var queries = Dashboard.Names.SelectMany(static name => Dashboard.Read(name).DataPanels).SelectMany(static panel => panel.Queries);
        // The size of the hash table and the age of the dump are details of the report; a start time is for the counters; lost log lines are for
        // whoever misses them.
        string[] notShown =
        [
            "closewatch_conntrack_buckets", "closewatch_conntrack_age_seconds", "closewatch_log_lines_dropped_total", "process_open_fds",
            "process_start_time_seconds",
        ];

        Assert.Empty(s_known.Except(Metrics(queries)).Except(notShown));
    }

    [Fact]
    public void Alerts_EveryMetric_IsInTheCatalogue()
    {
        var alerts = File.ReadAllText(Repository.PathOf("deploy/monitoring/alerts.yaml"));
        var expressions = Expression().Matches(alerts).Select(static match => match.Groups[1].Value);

        var used = Metrics(expressions);
        Assert.NotEmpty(used);
        Assert.Empty(used.Except(s_known).Except(s_foreign));
    }

    private static HashSet<string> Metrics(IEnumerable<string> expressions) =>
        expressions.SelectMany(static expression => Metric().Matches(Quoted().Replace(expression, "\"\"")).Select(static match => Family(match.Value))).ToHashSet(StringComparer.Ordinal);

    private static string Family(string series) => series.EndsWith("_bucket", StringComparison.Ordinal) ? series[..^"_bucket".Length] : series;

    [GeneratedRegex(@"\b(?:closewatch|process|kube)_\w+|\bup\b")]
    private static partial Regex Metric();

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex Quoted();

    // From "expr:" to the next key of the rule.
    [GeneratedRegex(@"\n\s+expr:(.*?)\n\s+(?:for|labels):", RegexOptions.Singleline)]
    private static partial Regex Expression();
}
