using System.Reflection;
using System.Text.RegularExpressions;
using Agent.Core.Diagnosis;
using Xunit;

namespace Agent.Tests.Core.Diagnosis;

public sealed partial class FindingCatalogTests
{
    public static TheoryData<string> Ids() => [.. typeof(FindingIds).GetFields(BindingFlags.Public | BindingFlags.Static).Select(static field => (string)field.GetRawConstantValue()!)];

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

    [Fact]
    public void All_NoIdTwiceAndNoneUnknown() => Assert.Equal(
        Ids().Select(static row => row.Data).Order(StringComparer.Ordinal),
        FindingCatalog.All.Select(static explanation => explanation.Id).Order(StringComparer.Ordinal));

    [Fact]
    public void Rules_OneForEveryIdExceptRemediation() => Assert.Equal(
        FindingCatalog.All.Select(static explanation => explanation.Id).Where(static id => id != FindingIds.SysctlConflict).Order(StringComparer.Ordinal),
        DiagnosisEngine.Rules.Select(static rule => rule.Id).Order(StringComparer.Ordinal));

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
        Assert.Contains(FindingCatalog.Get(FindingIds.BackendClosesIdleFirst).Fixes, fix => fix.Text.Contains(setting, StringComparison.Ordinal));

    [Fact]
    public void Report_Values_FilledInWithAndWithoutBraces()
    {
        var finding = FindingCatalog.Get(FindingIds.BackendClosesIdleFirst).Report(
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
            FindingCatalog.Get(FindingIds.ListenQueueOverflow).Report(Severity.Warning, pod, "title", []).Fix,
            static fix => fix.Text == "kubectl -n shop scale Deployment/web --replicas=3");
    }

    [Fact]
    public void Report_NoPodOrNoApiServer_LeavesOutWhatOnlyKubernetesHas()
    {
        var fixes = FindingCatalog.Get(FindingIds.CloseWaitLeak).Report(Severity.Warning, FindingSubject.Node(Given.Node()), "title", []).Fix;
        Assert.NotEmpty(fixes);
        Assert.DoesNotContain(fixes, static fix => fix.Text.Contains("kubectl", StringComparison.Ordinal));
    }

    [GeneratedRegex(@"\$\{?(SECONDS|PORT|POD|NAMESPACE)\b")]
    private static partial Regex Variable();
}
