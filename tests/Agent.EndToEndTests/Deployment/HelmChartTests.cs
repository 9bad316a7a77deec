using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Agent.EndToEndTests.Deployment;

/// <summary>The chart makes the same objects as the kustomizations, and what its values say.</summary>
public sealed class HelmChartTests(HelmChart chart) : IClassFixture<HelmChart>
{
    private static readonly Python s_validate = new(
        $"import jsonschema, yaml; schema = json.load(open('{Repository.PathOf("deploy/helm/values.schema.json")}'))", "jsonschema.validate(yaml.safe_load(request), schema)");

    private static readonly object[] s_container = ["spec", "template", "spec", "containers", 0];

    [Theory]
    [InlineData("full", "base")]
    [InlineData("restricted", "overlays/restricted")]
    [InlineData("remediate", "overlays/remediate")]
    public async Task Chart_OfATier_IsTheKustomizationOfThatTier(string tier, string folder)
    {
        var kustomized = await Manifests.BuildAsync(folder);
        Assert.SkipWhen(kustomized is null, "there is no kubectl with kustomize 5 or later");

        var rendered = await chart.RenderAsync($"{{tier: {tier}, image: {{tag: dev}}}}");

        AssertSame(kustomized.Where(static one => one.GetProperty("kind").GetString() != "Namespace"), rendered);
    }

    [Theory]
    [InlineData("podMonitor: {enabled: true}", "monitoring")]
    [InlineData("serviceMonitor: {enabled: true}", "overlays/monitoring/servicemonitor")]
    public async Task Chart_WithMonitoring_HasTheObjectsOfThatKustomization(string monitor, string folder)
    {
        var kustomized = await Manifests.BuildAsync(folder);
        Assert.SkipWhen(kustomized is null, "there is no kubectl with kustomize 5 or later");

        var rendered = await chart.RenderAsync($"monitoring: {{{monitor}, alerts: {{enabled: true}}, dashboards: {{enabled: true}}}}");
        var plain = CanonicalObjects.Of(await chart.RenderAsync("{}"));

        AssertSame(kustomized, rendered.Where(one => !CanonicalObjects.Of([one]).Keys.Any(plain.ContainsKey)));
    }

    [Theory]
    [InlineData("events", "events")]
    [InlineData("peerNames", "peer-names")]
    public async Task Chart_WithMoreRights_IsTheKustomizationWithTheirComponent(string value, string component)
    {
        var kustomized = await Manifests.BuildWithAsync("components/" + component, "base");
        Assert.SkipWhen(kustomized is null, "there is no kubectl with kustomize 5 or later");

        var rendered = await chart.RenderAsync($"{{{value}: true, image: {{tag: dev}}}}");

        // The component has a role and a binding of its own, the chart one more rule.
        Assert.Equal(
            JsonSerializer.Serialize(kustomized.Single(one => one.GetProperty("kind").GetString() == "ClusterRole" && one.At("metadata", "name").GetString() == $"closewatch-{component}").At("rules", 0)),
            JsonSerializer.Serialize(rendered.OfKind("ClusterRole").At("rules", 2)));
        AssertSame([kustomized.OfKind("DaemonSet")], [rendered.OfKind("DaemonSet")]);
    }

    [Fact]
    public async Task Chart_WithTls_IsTheKustomizationWithItsComponent()
    {
        var kustomized = await Command.RunAsync(
            [Repository.PathOf("deploy/apply"), "closewatch:dev"], environment: new Dictionary<string, string> { ["RENDER"] = "yes", ["COMPONENTS"] = "tls" });
        Assert.SkipWhen(kustomized.ExitCode != 0, "there is no kubectl with kustomize 5 or later");
        var patch = (await Manifests.ReadAsync("components/tls/podmonitor.patch.yaml")).Single().EnumerateArray().ToDictionary(
            static step => step.GetProperty("path").GetString()!.Split('/')[^1], static step => step.GetProperty("value").GetRawText());

        var rendered = await chart.RenderAsync(
            "{image: {tag: dev}, tls: {secret: closewatch-tls, tokenSecret: closewatch-token}, monitoring: {podMonitor: {enabled: true}}}");

        AssertSame([(await Manifests.ParseAsync(kustomized.Output)).OfKind("DaemonSet")], [rendered.OfKind("DaemonSet")]);
        var endpoint = rendered.OfKind("PodMonitor").At("spec", "podMetricsEndpoints", 0);
        Assert.All(patch, wanted => Assert.True(
            JsonNode.DeepEquals(JsonNode.Parse(wanted.Value), JsonNode.Parse(endpoint.GetProperty(wanted.Key).GetRawText())), wanted.Key));
    }

    [Fact]
    public async Task Notes_Namespace_IsToldTheLabelThatTheBaseSets()
    {
        var labels = (await Manifests.ReadAsync("base/namespace.yaml")).OfKind("Namespace").At("metadata", "labels");

        var notes = (await chart.RunAsync("{}", "watch", "tools")).Checked().Error;

        Assert.Contains($"kubectl label namespace tools pod-security.kubernetes.io/enforce={labels.GetProperty("pod-security.kubernetes.io/enforce").GetString()}", notes, StringComparison.Ordinal);
        Assert.Contains("kubectl -n tools exec daemonset/watch-closewatch -- closewatch report", notes, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Alerts_WithAnotherAddressOfTheDocuments_PointThere()
    {
        var rendered = await chart.RenderAsync("monitoring: {alerts: {enabled: true, docs: \"https://wiki.example/findings\"}}");

        var alerts = rendered.OfKind("PrometheusRule").At("spec", "groups").EnumerateArray().SelectMany(static one => one.GetProperty("rules").EnumerateArray());
        Assert.All(alerts, static alert => Assert.StartsWith(
            "https://wiki.example/findings#", alert.At("annotations", "runbook_url").GetString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Values_OfEachKind_ReachTheObjects()
    {
        var rendered = await chart.RenderAsync(
            """
            image: {repository: registry.example/cw, digest: "sha256:1234", pullSecrets: [mine]}
            upstream: 75s
            reports: everywhere
            configuration: {Metrics: {PodLabels: workload}, Diagnosis: {LeakCount: 20}}
            resources: {limits: {memory: 1Gi}}
            tolerations: [{key: dedicated, operator: Exists}]
            resourceQuota: false
            monitoring: {podMonitor: {enabled: true, labels: {release: kps}, interval: 30s}, serviceMonitor: {enabled: true, labels: {release: kps}}}
            """,
            "watch",
            "tools");
        var daemonSet = rendered.OfKind("DaemonSet");
        var pod = daemonSet.At("spec", "template", "spec");

        Assert.All(rendered.Where(static one => !one.GetProperty("kind").GetString()!.StartsWith("Cluster", StringComparison.Ordinal)), static one => Assert.Equal("tools", one.At("metadata", "namespace").GetString()));
        Assert.All(rendered, static one => Assert.Equal("watch-closewatch", one.At("metadata", "name").GetString()));
        Assert.Equal("registry.example/cw@sha256:1234", daemonSet.At([.. s_container, "image"]).GetString());
        Assert.Equal("mine", pod.At("imagePullSecrets", 0, "name").GetString());
        Assert.Equal("""{"limits":{"memory":"1Gi"},"requests":{"cpu":"20m","memory":"64Mi"}}""", JsonSerializer.Serialize(daemonSet.At([.. s_container, "resources"])));
        Assert.Equal("""[{"key":"dedicated","operator":"Exists"}]""", JsonSerializer.Serialize(pod.GetProperty("tolerations")));
        Assert.Equal(
            """{"Collection":{"Interval":"15s"},"Diagnosis":{"LeakCount":20,"Upstream":"75s"},"Http":{"Reports":"everywhere"},"Metrics":{"PodLabels":"workload"}}""",
            JsonSerializer.Serialize(JsonSerializer.Deserialize<JsonElement>(rendered.OfKind("ConfigMap").At("data", "closewatch.json").GetString()!)));
        Assert.Equal("kps", rendered.OfKind("PodMonitor").At("metadata", "labels", "release").GetString());
        Assert.Equal("30s", rendered.OfKind("PodMonitor").At("spec", "podMetricsEndpoints", 0, "interval").GetString());
        AssertSelects(rendered.OfKind("ServiceMonitor").At("spec", "selector", "matchLabels"), rendered.OfKind("Service").At("metadata", "labels"));
        AssertSelects(rendered.OfKind("Service").At("spec", "selector"), daemonSet.At("spec", "template", "metadata", "labels"));
        AssertSelects(rendered.OfKind("PodMonitor").At("spec", "selector", "matchLabels"), daemonSet.At("spec", "template", "metadata", "labels"));
        Assert.DoesNotContain(rendered, static one => one.GetProperty("kind").GetString() == "ResourceQuota");
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{tier: remediate, remediation: {Mode: apply}}")]
    public async Task Configuration_OfTheChart_IsTakenByTheAgent(string values)
    {
        var configuration = (await chart.RenderAsync(values)).OfKind("ConfigMap").At("data", "closewatch.json").GetString();
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, configuration);
            (await Command.RunAsync([Repository.Closewatch, "config", "--config", file])).Checked();
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Schema_OwnValues_AreAllKnown()
    {
        Assert.Equal("", await RefusalAsync(File.ReadAllText(Repository.PathOf("deploy/helm/values.yaml"))));

        var values = (await Manifests.ReadAsync("helm/values.yaml")).Single().EnumerateObject().Select(static value => value.Name);
        using var schema = JsonDocument.Parse(File.ReadAllText(Repository.PathOf("deploy/helm/values.schema.json")));
        Assert.Equal(values.Append("global").Order(StringComparer.Ordinal), schema.RootElement.GetProperty("properties").EnumerateObject().Select(static property => property.Name).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("{tier: all}", "'all' is not one of ['restricted', 'full', 'remediate']")]
    [InlineData("{teir: full}", "'teir' was unexpected")]
    [InlineData("{upstream: elb}", "'elb' ")]
    [InlineData("{image: {digest: abc}}", "'abc' does not match")]
    [InlineData("{monitoring: {podMonitor: {enabled: \"yes\"}}}", "'yes' is not of type 'boolean'")]
    public async Task Schema_WrongValue_IsRefused(string values, string why) => Assert.Contains(why, await RefusalAsync(values), StringComparison.Ordinal);

    private static void AssertSame(IEnumerable<JsonElement> expected, IEnumerable<JsonElement> actual)
    {
        var (wanted, made) = (CanonicalObjects.Of(expected), CanonicalObjects.Of(actual));
        Assert.Equal(wanted.Keys, made.Keys);
        Assert.All(wanted, pair => Assert.Equal(pair.Value, made[pair.Key]));
    }

    private static void AssertSelects(JsonElement selector, JsonElement labels) =>
        Assert.All(selector.EnumerateObject(), wanted => Assert.Equal(wanted.Value.GetString(), labels.GetProperty(wanted.Name).GetString()));

    private static async Task<string> RefusalAsync(string values)
    {
        try
        {
            await s_validate.AskAsync(values);
            return "";
        }
        catch (InvalidOperationException exception)
        {
            return exception.Message;
        }
    }
}
