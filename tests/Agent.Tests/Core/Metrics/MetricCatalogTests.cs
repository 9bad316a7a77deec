using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using Agent.Core.Metrics;
using Xunit;

namespace Agent.Tests.Core.Metrics;

public sealed partial class MetricCatalogTests
{
    public static TheoryData<string> Names => new(MetricCatalog.All.Select(static definition => definition.Name));

    [Theory]
    [MemberData(nameof(Names))]
    public void Definition_Conventions_Hold(string name)
    {
        var definition = Assert.Single(MetricCatalog.All, candidate => candidate.Name == name);
        Assert.Matches(SnakeCase(), name);
        Assert.True(name.StartsWith("closewatch_", StringComparison.Ordinal) || name.StartsWith("process_", StringComparison.Ordinal), "prefix");
        Assert.Equal(definition.Type == MetricType.Counter, name.EndsWith("_total", StringComparison.Ordinal));
        Assert.EndsWith(".", definition.Help, StringComparison.Ordinal);
        Assert.Equal(definition.Labels.Distinct(), definition.Labels);
        Assert.All(definition.Labels, static label => Assert.Matches(SnakeCase(), label));

        // Labels that have as many values as there are connections.
        Assert.Empty(definition.Labels.Intersect(["ip", "address", "peer", "remote", "local", "connection", "uid", "pid", "container"]));

        // These suffixes mean something else (OpenMetrics 1.0, suffixes by type).
        Assert.DoesNotMatch("_(count|sum|bucket|created)$", name);
    }

    [Fact]
    public void All_EveryFieldOfTheCatalogue_IsListed()
    {
        var fields = typeof(MetricCatalog).GetFields().Select(static field => (MetricDefinition)field.GetValue(null)!);
        Assert.Equal(fields.Select(static definition => definition.Name).Order(StringComparer.Ordinal), MetricCatalog.All.Select(static definition => definition.Name).Order(StringComparer.Ordinal));
    }

    /// <summary>docs/metrics.md is written from the catalogue: UPDATE_GOLDEN=1 writes it.</summary>
    [Fact]
    public void Document_IsThatOfTheCatalogue()
    {
        var path = Path.Combine(Repository(), "docs", "metrics.md");
        var expected = Document();
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, expected);
        }

        Assert.Equal(expected, File.ReadAllText(path));
    }

    private static string Document()
    {
        var text = new StringBuilder("""
            # Metrics

            What `GET /metrics` exports, in Prometheus text format 0.0.4 or OpenMetrics 1.0. Written from the catalogue in
            `src/Agent.Core/Metrics/MetricCatalog.cs` by a test; do not edit it by hand.

            - All values of one scrape come from one scan. `closewatch_snapshot_timestamp_seconds` says when it began,
              `closewatch_conntrack_age_seconds` how old the dump of the conntrack table was then.
            - What could not be read is left out, never 0: see `closewatch_source_up`. A series of a pod exists only while its value
              is not zero, counters excepted; a pod that is gone leaves none.
            - `namespace` and `pod` are those of kube-state-metrics: scrape with `honorLabels: true`. Owners that are no pod have
              an empty namespace: `host`, `netns:NAME`, `container:ID`.
            - `Metrics:PodLabels` folds all families with a label `pod`: `workload` puts a label `workload` (`Deployment/web`) in its
              place, `namespace` drops it, `none` drops both. Counts are added up; of ages the oldest is kept, of timeouts the shortest.
            - `Metrics:MaxPods` caps them: the owners with the most half-closed sockets are kept, the rest are summed under
              `pod="_other"`, and `closewatch_series_dropped` says how many series that cost.
            - A pod's counters are its network namespace's, as the kernel has them; a new namespace starts a new counter, as any restart
              does for `rate()`. A folded counter grows by what its pods' counters grew and does not go down when a pod leaves.

            | metric | type | labels | meaning |
            | --- | --- | --- | --- |

            """);
        foreach (var definition in MetricCatalog.All)
        {
            text.Append("| `").Append(definition.Name).Append("` | ")
                .Append(definition.Type.ToString().ToLowerInvariant()).Append(" | ")
                .AppendJoin(", ", definition.Labels.Select(static label => $"`{label}`")).Append(" | ")
                .Append(definition.Help).Append(" |\n");
        }

        return text.ToString();
    }

    private static string Repository([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", "..", ".."));

    [GeneratedRegex("^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]
    private static partial Regex SnakeCase();
}
