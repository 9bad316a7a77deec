using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Agent.EndToEndTests.Deployment;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.EndToEndTests.Monitoring;

/// <summary>
/// The recipes for those who have no Prometheus Operator. Debian's promtool cannot look for pods, so its discovery is
/// replaced by two targets with the labels that it would find.
/// </summary>
[Lasts(seconds: 5, First = true)]
public sealed partial class ScrapeConfigTests
{
    private static readonly JsonNode s_targets = JsonNode.Parse(
        """
        [{"targets": ["10.0.0.1:9742"], "labels": {"__meta_kubernetes_pod_label_app_kubernetes_io_name": "closewatch",
            "__meta_kubernetes_pod_container_port_name": "metrics", "__meta_kubernetes_pod_phase": "Running",
            "__meta_kubernetes_pod_node_name": "n1", "__meta_kubernetes_namespace": "closewatch", "__meta_kubernetes_pod_name": "closewatch-x"}},
         {"targets": ["10.0.0.2:9742"], "labels": {"__meta_kubernetes_pod_label_app_kubernetes_io_name": "another",
            "__meta_kubernetes_pod_container_port_name": "metrics", "__meta_kubernetes_pod_phase": "Running",
            "__meta_kubernetes_pod_node_name": "n2", "__meta_kubernetes_namespace": "closewatch", "__meta_kubernetes_pod_name": "another-x"}}]
        """)!;

    [Theory]
    [InlineData("scrape-config.yaml", "")]
    [InlineData("opentelemetry-collector.yaml", "receivers/prometheus/config")]
    public async Task Jobs_Promtool_FindTheAgentsWithTheirNodeAndNoLabelOfTheirOwnPod(string file, string path)
    {
        var configuration = JsonNode.Parse((await Manifests.ReadAsync("monitoring/" + file)).Single().GetRawText())!;
        foreach (var step in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            configuration = configuration[step]!;
        }

        var jobs = configuration["scrape_configs"]!.AsArray();
        Assert.All(jobs, static job => Assert.True(job!["honor_labels"]!.GetValue<bool>()));
        var discovering = Assert.Single(jobs, static job => job!["kubernetes_sd_configs"] is not null)!.AsObject();
        Assert.Equal("pod", discovering["kubernetes_sd_configs"]![0]!["role"]!.GetValue<string>());
        discovering.Remove("kubernetes_sd_configs");
        discovering["static_configs"] = s_targets.DeepClone();

        var found = await DiscoverAsync(configuration.ToJsonString().Replace("$$", "$", StringComparison.Ordinal), discovering["job_name"]!.GetValue<string>());

        Assert.Equal(2, found.Count);
        Assert.Equal("n1", found[0]["node"]);
        Assert.Equal("closewatch", found[0]["job"]);
        Assert.DoesNotContain("namespace", found[0].Keys);
        Assert.DoesNotContain("pod", found[0].Keys);
        Assert.Empty(found[1]);
    }

    [Fact]
    public async Task Collector_Pipelines_UseWhatIsDeclared()
    {
        var collector = (await Manifests.ReadAsync("monitoring/opentelemetry-collector.yaml")).Single();

        foreach (var pipeline in collector.At("service", "pipelines").EnumerateObject())
        {
            foreach (var kind in (string[])["receivers", "processors", "exporters"])
            {
                Assert.NotEmpty(pipeline.Value.GetProperty(kind).Strings());
                Assert.All(pipeline.Value.GetProperty(kind).Strings(), name => Assert.True(collector.GetProperty(kind).TryGetProperty(name!, out _), $"{kind}: no {name}"));
            }
        }
    }

    /// <summary>Nothing here reads Alloy's language, so only this is checked: blocks are closed, and every component that is used is declared.</summary>
    [Fact]
    public async Task Alloy_Components_AreClosedAndDeclared()
    {
        var text = Comment().Replace(File.ReadAllText(Repository.PathOf("deploy/monitoring/grafana-alloy.alloy")), "");
        var declared = Declaration().Matches(text).Select(static match => $"{match.Groups[1].Value}.{match.Groups[2].Value}").ToHashSet(StringComparer.Ordinal);
        var used = Use().Matches(text).Select(static match => match.Groups[1].Value).ToHashSet(StringComparer.Ordinal);

        Assert.Equal(4, declared.Count);
        Assert.NotEmpty(used);
        Assert.Subset(declared, used);
        Assert.Contains("honor_labels = true", text, StringComparison.Ordinal);
        var depth = 0;
        foreach (var line in text.Split('\n'))
        {
            Assert.Matches(@"^\s*($|\}|[\w.]+(\s""\w+"")?\s\{|\w+\s+=\s+\S.*)$", line);
            depth += line.Count(static c => c == '{') - line.Count(static c => c == '}');
            Assert.True(depth >= 0, line);
        }

        Assert.Equal(0, depth);
    }

    /// <summary>ClusterPodMonitoring puts on a target the labels of its list, and PodMonitoring always the agent's namespace.</summary>
    [Fact]
    public async Task GoogleManaged_Labels_LeaveNamespaceAndPodToTheSeries()
    {
        var monitoring = (await Manifests.ReadAsync("overlays/monitoring/google-managed/clusterpodmonitoring.yaml")).OfKind("ClusterPodMonitoring");
        var rules = (await Manifests.ReadAsync("overlays/monitoring/google-managed/clusterrules.yaml")).OfKind("ClusterRules");
        var alerts = (await Manifests.ReadAsync("monitoring/alerts.yaml")).Single();

        Assert.Equal(["node"], monitoring.At("spec", "targetLabels", "metadata").Strings());
        Assert.Equal(alerts.GetProperty("groups").GetRawText(), rules.At("spec", "groups").GetRawText());
    }

    [Theory]
    [InlineData("kube-prometheus-stack", "ConfigMap PodMonitor PrometheusRule")]
    [InlineData("servicemonitor", "ConfigMap PrometheusRule Service ServiceMonitor")]
    [InlineData("google-managed", "ClusterPodMonitoring ClusterRules")]
    [InlineData("azure-managed", "PodMonitor")]
    public async Task Overlay_Built_HasItsKinds(string overlay, string kinds)
    {
        var objects = await Manifests.BuildAsync("overlays/monitoring/" + overlay);
        Assert.SkipWhen(objects is null, "there is no kubectl with kustomize 5 or later");

        Assert.Equal(kinds, string.Join(' ', objects.Select(static one => one.GetProperty("kind").GetString()).Order(StringComparer.Ordinal)));
        Assert.All(
            objects.Where(_ => overlay == "kube-prometheus-stack").Where(static one => one.GetProperty("kind").GetString() != "ConfigMap"),
            static one => Assert.Equal("kube-prometheus-stack", one.At("metadata", "labels", "release").GetString()));
    }

    /// <summary>The labels of each target after relabelling; none where it is dropped.</summary>
    private static async Task<IReadOnlyList<IReadOnlyDictionary<string, string>>> DiscoverAsync(string configuration, string job)
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, configuration); // JSON is YAML
            (await Command.RunAsync(["promtool", "check", "config", file])).Checked();
            var found = (await Command.RunAsync(["promtool", "check", "service-discovery", "--timeout=1s", file, job])).Checked();
            using var targets = JsonDocument.Parse(found.Output);
            // promtool lists them in any order; what is dropped has no labels.
            return
            [
                .. targets.RootElement.EnumerateArray()
                    .Select(static target => target.GetProperty("labels").Deserialize<Dictionary<string, string>>()!)
                    .OrderByDescending(static labels => labels.Count),
            ];
        }
        finally
        {
            File.Delete(file);
        }
    }

    [GeneratedRegex("//.*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"^([\w.]+) ""(\w+)"" \{", RegexOptions.Multiline)]
    private static partial Regex Declaration();

    [GeneratedRegex(@"\b((?:discovery|prometheus)\.\w+\.\w+)\.(?:targets|output|receiver)")]
    private static partial Regex Use();
}
