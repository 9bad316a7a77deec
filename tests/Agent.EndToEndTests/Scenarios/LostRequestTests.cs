using Agent.EndToEndTests.Node;
using Agent.EndToEndTests.Reports;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>Each of the failing requests has one cause, which is named, and nothing else is.</summary>
[Lasts(seconds: 20)]
public sealed class LostRequestTests(LostRequestScene scene) : SceneTest<LostRequestScene>(scene)
{
    [Fact]
    public void InTheEnd_AboveInfo_EachCauseAndNothingElse() => FindingScore.AssertAre(Scene.Expected, Scene.InTheEnd);

    /// <summary>Nothing wrong was ever said: requests that are lost before their cause is known wait for it.</summary>
    [Fact]
    public void Watched_AboveInfo_NothingElse()
    {
        var wrong = Scene.Watched
            .Where(finding => finding.Severity != "info" && !Scene.Expected.Contains($"{finding.Id} {finding.Name}"));
        var told = string.Join('\n', wrong.Select(static finding => $"{finding.Severity} {finding.Id} {finding.Title} {string.Join(' ', finding.Evidence)}"));
        Assert.True(told.Length == 0, told);
    }

    [Fact]
    public void RequestsLost_ServerDropsThem_SaysThatItTookThem()
    {
        var finding = Find("requests-lost", LostRequestScene.Dropping);
        Assert.Contains("it took them and closed the connection without an answer (port 8080)", finding.Title, StringComparison.Ordinal);
        Assert.Contains(finding.Evidence, static line => line.Contains("that it accepted ended meanwhile, ", StringComparison.Ordinal));
    }

    [Fact]
    public void UpstreamClosesIdleFirst_SaysWhenTheOtherSideCloses()
    {
        var finding = Find("upstream-closes-idle-first", LostRequestScene.Pool);
        Assert.StartsWith("what shop/pool calls at port 8080 closes idle connections after about ", finding.Title, StringComparison.Ordinal);
        Assert.Contains(finding.Evidence, static line => line.Contains("on connections that had been idle for about 3", StringComparison.Ordinal));
    }

    [Fact]
    public void EstablishedTimeoutShort_SaysWhoLostRequestsAndTheSetting()
    {
        var finding = Find("established-timeout-short", Scene.NodeName);
        Assert.StartsWith("conntrack on this node forgets idle connections after 5s: ", finding.Title, StringComparison.Ordinal);
        Assert.Contains(finding.Evidence, static line => line.StartsWith("shop/balancer lost ", StringComparison.Ordinal));
    }

    [Fact]
    public void BackendClosesIdleFirst_OneSecondBehindNginx_IsFound() =>
        Assert.Contains("idle connections after about 1", Find("backend-closes-idle-first", LostRequestScene.Hasty).Title, StringComparison.Ordinal);

    [Fact]
    public void ContainerRestarting_WithoutApiServer_IsToldByTheListenerThatChanges() => Assert.StartsWith(
        "the server at port 8080 of shop/crashing was replaced ", Find("container-restarting", LostRequestScene.Crashing).Title, StringComparison.Ordinal);

    [Fact]
    public void ListenQueue_FullSynQueue_IsNotCalledBusy() => Assert.StartsWith(
        "the SYN queue of shop/flooded is full: ", Find("listen-queue-overflow", LostRequestScene.Flooded).Title, StringComparison.Ordinal);

    [Fact]
    public void TimeWaitOverflow_SaysHowMany() => Assert.StartsWith(
        "the TIME_WAIT table of shop/closing is full: ", Find("time-wait-overflow", LostRequestScene.Closing).Title, StringComparison.Ordinal);

    private ReportedFinding Find(string id, string name) => Assert.Single(Scene.Watched, finding => finding.Id == id && finding.Name == name);
}
