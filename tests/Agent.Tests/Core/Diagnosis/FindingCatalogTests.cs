using System.Text.RegularExpressions;
using Agent.Core;
using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;
using Xunit;

namespace Agent.Tests.Core.Diagnosis;

public sealed partial class FindingCatalogTests
{
    public static TheoryData<string> Ids() => [.. FindingCatalog.All.Select(static explanation => explanation.Id)];

    [Theory]
    [MemberData(nameof(Ids))]
    public void Get_EveryId_IsComplete(string id)
    {
        var explanation = FindingCatalog.Get(id);
        Assert.All([explanation.Title, explanation.What, explanation.Why, explanation.Seen], static text => Assert.False(string.IsNullOrWhiteSpace(text)));
        Assert.NotEmpty(explanation.Checks);
        Assert.NotEmpty(explanation.Fixes);
        Assert.All(explanation.Fixes, static fix => Assert.DoesNotContain('\n', fix.Text));
        Assert.All(explanation.References, static reference => Assert.True(Uri.IsWellFormedUriString(reference, UriKind.Absolute), reference));
        Assert.NotEmpty(explanation.References);
    }

    /// <summary>What is at the top of a report can be typed: a fix, or the trace that shows what the setting is about.</summary>
    [Fact]
    public void Fixes_OfWhatIsNoNote_HaveACommand()
    {
        var without = FindingCatalog.All
            .Where(static explanation => explanation.Levels.Any(static level => level.Severity > Severity.Info))
            .Where(static explanation => !explanation.Fixes.Any(static fix => fix.IsCommand))
            .Select(static explanation => explanation.Id);
        Assert.Equal(["backend-closes-idle-first", "reset-on-reuse", "upstream-closes-idle-first"], without.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Get_EveryId_SaysWhatMakesItHowBad(string id)
    {
        var levels = FindingCatalog.Get(id).Levels;
        Assert.NotEmpty(levels);
        Assert.Equal(levels.Select(static level => level.Severity).Distinct().Order(), levels.Select(static level => level.Severity));
        Assert.All(levels, static level => Assert.False(level.When.EndsWith('.') || char.IsUpper(level.When[0]), level.When));
    }

    /// <summary>Every rule there is stands in the catalogue, once, and no finding has an id of another.</summary>
    [Fact]
    public void Rules_AreAllThereAre()
    {
        var types = typeof(IFindingRule).Assembly.GetTypes().Where(static type => type.IsAssignableTo(typeof(IFindingRule)) && type.IsClass);
        Assert.Equal(types.OrderBy(static type => type.Name), FindingCatalog.Rules.Select(static rule => rule.GetType()).OrderBy(static type => type.Name));
        Assert.Equal(FindingCatalog.All.Length, FindingCatalog.All.Select(static explanation => explanation.Id).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void FollowsFrom_NamesFindingsThatExist() => Assert.All(
        FindingCatalog.All.SelectMany(static explanation => explanation.FollowsFrom),
        static link => Assert.NotNull(FindingCatalog.Find(link.Cause)));

    [Fact]
    public void Levels_HaveTheNumbersOfTheThresholds()
    {
        var levels = FindingCatalog.Get(ConntrackTablePressureRule.Id).Levels;
        Assert.Contains($"({HumanText.Percent(Thresholds.Default.TablePressureWarning)})", levels[0].When, StringComparison.Ordinal);
        Assert.Contains($"({HumanText.Percent(Thresholds.Default.TablePressureCritical)})", levels[1].When, StringComparison.Ordinal);
    }

    [Fact]
    public void Find_UnknownId_Null() => Assert.Null(FindingCatalog.Find("no-such-finding"));

    [Theory]
    [InlineData("server.keepAliveTimeout = ")]
    [InlineData("server.headersTimeout = ")]
    [InlineData("IdleTimeout: ")]
    [InlineData("keepalive_timeout ")]
    [InlineData("--keep-alive ")]
    [InlineData("--timeout-keep-alive ")]
    [InlineData("Limits.KeepAliveTimeout")]
    [InlineData("KeepAliveTimeout $")]
    [InlineData("keepAliveTimeout=")]
    public void BackendClosesIdleFirst_EveryRuntime_HasItsSetting(string setting) =>
        Assert.Contains(FindingCatalog.Get(BackendClosesIdleFirstRule.Id).Fixes, fix => fix.Text.Contains(setting, StringComparison.Ordinal));

    [Fact]
    public void Report_Values_FilledInWithAndWithoutBraces()
    {
        var finding = FindingCatalog.Get(BackendClosesIdleFirstRule.Id).Report(
            Severity.Warning, new FindingSubject(SubjectKind.Pod, "shop", "web"), "title", [], 1, null, ("SECONDS", "620"), ("PORT", "8080"));
        Assert.Contains(finding.Fix, static fix => fix is { Where: "nginx", Text: "keepalive_timeout 620s;" });
        Assert.Contains(finding.Fix, static fix => fix.Text == "server.keepAliveTimeout = 620 * 1000; server.headersTimeout = (620 + 5) * 1000;");
        Assert.DoesNotContain(finding.Fix, static fix => Variable().IsMatch(fix.Text));
    }

    [Fact]
    public void Report_KnownWorkload_FilledIntoTheFix()
    {
        var pod = Given.Serving(Given.Kubernetes() with { WorkloadReplicas = 2 });
        Assert.Contains(
            FindingCatalog.Get(ListenQueueOverflowRule.Id).Report(Severity.Warning, pod, "title", []).Fix,
            static fix => fix.Text == "kubectl -n shop scale Deployment/web --replicas=3");
    }

    [Fact]
    public void Report_NoPodOrNoApiServer_LeavesOutWhatOnlyKubernetesHas()
    {
        var fixes = FindingCatalog.Get(CloseWaitLeakRule.Id).Report(Severity.Warning, FindingSubject.Node(Given.Node()), "title", []).Fix;
        Assert.NotEmpty(fixes);
        Assert.DoesNotContain(fixes, static fix => fix.Text.Contains("kubectl", StringComparison.Ordinal));
    }

    [GeneratedRegex(@"\$\{?(SECONDS|PORT|POD|NAMESPACE)\b")]
    private static partial Regex Variable();
}
