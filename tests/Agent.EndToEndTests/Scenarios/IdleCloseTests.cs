using System.Globalization;
using System.Text.RegularExpressions;
using Agent.EndToEndTests.Node;
using Agent.EndToEndTests.Reports;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>Servers that close idle connections before their load balancer does: each is named with its time-out, and no other is.</summary>
[Lasts(seconds: 110, Waiting = true)]
public sealed partial class IdleCloseTests(IdleCloseScene scene) : SceneTest<IdleCloseScene>(scene)
{
    private const string ClosesIdle = "backend-closes-idle-first";
    private const string Reset = "reset-on-reuse";

    // Node.js closes a second after its keepAliveTimeout of 5 s, the busy one when it is no longer busy; gunicorn looks once a second what is older than 2 s.
    [Theory]
    [InlineData(IdleCloseScene.NodeDefault, "warning", 6, "Node.js: server.keepAliveTimeout = 620 * 1000; server.headersTimeout = (620 + 5) * 1000;")]
    [InlineData(IdleCloseScene.NodeBusy, "critical", 6.2, "Node.js: server.keepAliveTimeout = 620 * 1000; server.headersTimeout = (620 + 5) * 1000;")]
    [InlineData(IdleCloseScene.PythonDefault, "warning", 2.5, "gunicorn: gunicorn --worker-class gthread --keep-alive 620 app:app")]
    [InlineData(IdleCloseScene.NginxDefault, "warning", 75, "nginx: keepalive_timeout 620s;")]
    public void ClosesIdleFirst_Watched_IsNamedWithTimePortUpstreamAndFix(string backend, string severity, double seconds, string fix)
    {
        var finding = Assert.Single(Scene.Watched, finding => finding.Id == ClosesIdle && finding.Name == backend);
        Assert.Equal((severity, "shop", null), (finding.Severity, finding.Namespace, finding.CausedBy));
        AssertTime(seconds, finding);
        Assert.Contains("(port 8080)", finding.Title, StringComparison.Ordinal);
        Assert.Contains(finding.Evidence, line => line.Contains("Google Cloud load balancer (gclb), which keeps idle connections for 10m", StringComparison.Ordinal));
        Assert.Equal(fix, finding.Fixes[0]);
    }

    /// <summary>Neither those that keep connections long enough or whose clients close, nor nginx in front nor the clients.</summary>
    [Fact]
    public void Watched_AboveInfo_NothingElseIsNamed() => FindingScore.AssertAre(
        [
            $"{ClosesIdle} {IdleCloseScene.PythonDefault}",
            $"{ClosesIdle} {IdleCloseScene.NginxDefault}",
            $"{ClosesIdle} {IdleCloseScene.NodeBusy}",
            $"{ClosesIdle} {IdleCloseScene.NodeDefault}",
            $"{Reset} {IdleCloseScene.NodeBusy}",
        ],
        Scene.Watched.Where(finding => finding.Severity != "info").Select(finding => $"{finding.Id} {finding.Name}"),
        Scene.Watched);

    [Fact]
    public void ResetOnReuse_BusyServer_IsAConsequenceWithCounters()
    {
        var finding = Assert.Single(Scene.Watched, finding => finding.Id == Reset);
        Assert.Equal(("critical", ClosesIdle), (finding.Severity, finding.CausedBy));
        Assert.Contains(finding.Evidence, line => line.Contains(" lay unread at the close: ", StringComparison.Ordinal));
        Assert.Contains(finding.Evidence, line => line.StartsWith("Port 8080: ", StringComparison.Ordinal) && line.Contains(" lost in ", StringComparison.Ordinal));
    }

    /// <summary>What the load balancer's own log says: requests failed at the busy server, and at no other.</summary>
    [Fact]
    public void FrontLog_BadGateway_OnlyOfTheBusyServer()
    {
        Assert.Contains("recv() failed (104: Connection reset by peer) while reading response header from upstream", Scene.FrontLog, StringComparison.Ordinal);
        var failed = Scene.FrontLog.Split('\n').Where(line => line.EndsWith(" 502", StringComparison.Ordinal)).Distinct();
        Assert.Equal([$"{IdleCloseScene.FrontPort(IdleCloseScene.NodeBusy)} 502"], failed);
    }

    [Fact]
    public void ClosesIdleFirst_TwoScansByOneCommand_IsNamed()
    {
        var finding = Assert.Single(Scene.Scanned.Findings, finding => finding.Id == ClosesIdle && finding.Name == IdleCloseScene.NodeDefault);
        Assert.Equal("warning", finding.Severity);
        AssertTime(6, finding);
    }

    /// <summary>The busy server loses requests: a window may show that alone, and not yet why.</summary>
    [Fact]
    public void TwoScansByOneCommand_AboveInfo_NothingElseIsNamed() =>
        Assert.Empty(Scene.Scanned.Findings.Where(finding => finding.Severity != "info").Select(finding => $"{finding.Id} {finding.Name}").Except(
            [.. Scene.Watched.Select(finding => $"{finding.Id} {finding.Name}"), $"requests-lost {IdleCloseScene.NodeBusy}"]));

    [Fact]
    public void Text_Verdict_IsTheCauseAndItsRepair()
    {
        Assert.StartsWith("CRITICAL  ", Scene.WatchedText, StringComparison.Ordinal);
        Assert.Contains("closes idle connections after about ", Scene.WatchedText, StringComparison.Ordinal);
        Assert.Contains("server.keepAliveTimeout = 620 * 1000;", Scene.WatchedText, StringComparison.Ordinal);
    }

    [Fact]
    public void Markdown_SaysTheSame()
    {
        var finding = Scene.Scanned.Findings.First(finding => finding.Name == IdleCloseScene.NodeDefault);
        Assert.Contains("closes idle connections after about ", Scene.ScannedMarkdown, StringComparison.Ordinal);
        Assert.Contains(finding.Fixes[0].Split(": ", 2)[1], Scene.ScannedMarkdown, StringComparison.Ordinal);
    }

    private static void AssertTime(double seconds, ReportedFinding finding)
    {
        var time = Time().Match(finding.Title);
        Assert.True(time.Success, finding.Title);
        var minutes = time.Groups[1].Success ? int.Parse(time.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
        Assert.InRange((60 * minutes) + double.Parse(time.Groups[2].Value, CultureInfo.InvariantCulture), 0.7 * seconds, 1.3 * seconds);
    }

    [GeneratedRegex(@"after about (?:(\d+)m)?([\d.]+)s")]
    private static partial Regex Time();
}
