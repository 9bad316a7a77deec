using System.Text.Json;
using Agent.EndToEndTests.Node;
using Agent.EndToEndTests.Reports;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>The right cause and only the right cause: one of many is ill, and its finding goes when it is repaired.</summary>
[Lasts(seconds: 30)]
public sealed class LookAlikeTests(LookAlikeScene scene) : SceneTest<LookAlikeScene>(scene)
{
    private const string ClosesIdle = "backend-closes-idle-first";

    /// <summary>
    /// No request limit, no reload, no proxy, no health check, no refused upload or SYN, no pool, no stream, no database is taken for it.
    /// </summary>
    [Fact]
    public void Watched_AboveInfo_OnlyTheServerBehindTheProxy()
    {
        var watched = Scene.Watched.Where(finding => finding.Severity != "info").ToLookup(finding => finding is { Id: ClosesIdle, Name: LookAlikeScene.Behind });
        Assert.Single(watched[true]);
        FindingScore.AssertNothing(watched[false].Select(finding => $"{finding.Id} {finding.Name}: {finding.Title} {string.Join(' ', finding.Evidence)}"));
    }

    [Fact]
    public void Redis_ItsTimeout_IsANoteWithoutALoadBalancer()
    {
        var finding = Assert.Single(Scene.Watched, finding => finding is { Id: ClosesIdle, Name: LookAlikeScene.Redis });
        var all = $"{finding.Title} {string.Join(' ', finding.Evidence)} {string.Join(' ', finding.Fixes)}";
        Assert.True(finding.Severity == "info", $"{finding.Severity}: {all}");
        Assert.Contains("closes idle Redis connections after about ", finding.Title, StringComparison.Ordinal);
        Assert.All(["load balancer", "502", "gunicorn"], word => Assert.DoesNotContain(word, all, StringComparison.Ordinal));
    }

    [Fact]
    public void Pool_ConnectionsThatItsPeersClosed_IsANote() =>
        Assert.Equal("info", Assert.Single(Scene.Watched, finding => finding is { Id: "close-wait-leak", Name: LookAlikeScene.Pool }).Severity);

    [Fact]
    public void Trickle_StillAnswers_LeaksNothing() => Assert.DoesNotContain(Scene.Watched, finding => finding.Name == "trickle");

    [Fact]
    public void Repaired_FindingIsGoneAndItsEndIsSaid()
    {
        Assert.True(Scene.Cleared < TimeSpan.FromMinutes(2), $"{Scene.Cleared}");
        Assert.DoesNotContain(Scene.Repaired.Findings, finding => finding is { Id: ClosesIdle, Name: LookAlikeScene.Behind });
        var over = Assert.Single(Scene.Repaired.Root.GetProperty("over").EnumerateArray(), IsOfBehind);
        Assert.True(over.GetProperty("until").GetDateTimeOffset() > over.GetProperty("firstSeen").GetDateTimeOffset());
        Assert.StartsWith("OK", Scene.RepairedText, StringComparison.Ordinal);
        Assert.Contains(", until ", Scene.RepairedText, StringComparison.Ordinal);
    }

    private static bool IsOfBehind(JsonElement over) =>
        over.GetProperty("id").GetString() == ClosesIdle && over.GetProperty("subject").GetProperty("name").GetString() == LookAlikeScene.Behind;
}
