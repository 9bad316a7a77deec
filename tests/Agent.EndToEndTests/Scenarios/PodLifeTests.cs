using Agent.EndToEndTests.Node;
using Agent.EndToEndTests.Reports;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>The causes of failed requests that lie in how a pod begins, is kept and ends: each is named, and nothing else is.</summary>
[Lasts(seconds: 50)]
public sealed class PodLifeTests(PodLifeScene scene) : SceneTest<PodLifeScene>(scene)
{
    [Theory]
    [InlineData("healthy")]
    [InlineData("unprepared", "info termination-unprepared")]
    [InlineData("tight", "info termination-unprepared")]
    [InlineData("cut-short", "warning termination-unprepared")]
    [InlineData("probeless", "info probe-missing")]
    [InlineData("restarted-once")]
    [InlineData("starting", "info pod-not-ready")]
    [InlineData("dead-1", "critical pod-not-ready", "info replicas-colocated")]
    [InlineData("dead-2", "critical pod-not-ready")]
    [InlineData("twins-1", "info replicas-colocated")]
    [InlineData("twins-2")]
    [InlineData("spread-1")]
    [InlineData("spread-2")]
    [InlineData("database-0")]
    [InlineData("database-1")]
    [InlineData("not-ready", "warning pod-not-ready")]
    [InlineData("flapping", "warning pod-not-ready", "warning readiness-flapping")]
    [InlineData("crashing", "critical container-restarting")]
    [InlineData("draining", "warning terminating-with-connections", "warning termination-unprepared")]
    [InlineData("draining-prepared", "info terminating-with-connections")]
    [InlineData("overdue", "critical connections-lost-at-termination", "critical terminating-with-connections")]
    [InlineData("cut-off", "warning connections-lost-at-termination", "warning terminating-with-connections", "warning termination-unprepared")]
    [InlineData("drained", "info terminating-with-connections")]
    [InlineData("ended-early", "info connections-lost-at-termination", "info terminating-with-connections")]
    public void Pod_AllThatWasSaidOfIt_IsItsCause(string name, params string[] expected) =>
        FindingScore.AssertAre(expected, Scene.Findings.Where(finding => finding.Name == name).Select(finding => $"{finding.Severity} {finding.Id}").Order(StringComparer.Ordinal));

    [Fact]
    public void Node_AndClients_NothingIsSaidOf() =>
        Assert.DoesNotContain(Scene.Findings, finding => finding.Namespace != "shop" || finding.Name.StartsWith("client-of-", StringComparison.Ordinal));

    [Theory]
    [InlineData("overdue", 7)]
    [InlineData("cut-off", 4)]
    [InlineData("ended-early", 3)]
    public void LostConnections_AreCounted(string name, int connections)
    {
        var text = $"shop/{name} ended with {connections} connections open";
        Assert.Equal(text, Find("connections-lost-at-termination", name).Title);
        Assert.Equal(text, Scene.WithoutApi.Single(finding => finding.Id == "connections-lost-at-termination" && finding.Name == name).Title);
    }

    [Fact]
    public void Terminating_ThatStillAccepts_SaysSoAndWhatToRepair()
    {
        var finding = Find("terminating-with-connections", "draining");
        Assert.StartsWith("shop/draining is terminating with 7 connections open", finding.Title, StringComparison.Ordinal);
        Assert.Contains(finding.Evidence, line => line.StartsWith("It still listens, and 2 connections were opened to it", StringComparison.Ordinal));
        Assert.Equal("termination-unprepared", finding.CausedBy);
    }

    [Fact]
    public void Unready_BecauseItFlaps_FollowsFromThat() => Assert.Equal("readiness-flapping", Find("pod-not-ready", "flapping").CausedBy);

    [Fact]
    public void NoBackend_AllReplicasUnready_SaysSo() =>
        Assert.Contains("No pod of Deployment/dead is ready: there is no backend at all.", Find("pod-not-ready", "dead-1").Evidence);

    [Fact]
    public void WithoutApi_NothingThatItAloneKnows_AndItsAbsenceIsSaid()
    {
        Assert.Equal(
            ["connections-lost-at-termination cut-off", "connections-lost-at-termination ended-early", "connections-lost-at-termination overdue", "source-unavailable kubernetes"],
            Scene.WithoutApi.Select(finding => $"{finding.Id} {finding.Name}").Order(StringComparer.Ordinal));
        Assert.All(Scene.WithoutApi, finding => Assert.Equal("info", finding.Severity));
        var source = Scene.ReportWithoutApi.Source("kubernetes");
        Assert.Equal("unavailable", source.GetProperty("status").GetString());
        Assert.Contains("KUBERNETES_SERVICE_HOST", source.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    private ReportedFinding Find(string id, string name) => Scene.Findings.Single(finding => finding.Id == id && finding.Name == name);
}
