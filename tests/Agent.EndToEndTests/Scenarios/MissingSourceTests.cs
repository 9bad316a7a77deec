using Agent.Core.Diagnosis;
using Agent.EndToEndTests.Node;
using Agent.EndToEndTests.Reports;
using Xunit;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>What can not be read is not judged, and that is said.</summary>
public sealed class MissingSourceTests(NodePool nodes) : NodeTest(nodes)
{
    private const int Shortest = 2;

    private static readonly string[] s_soon = ["--Diagnosis:LeakAge=1s", "--Diagnosis:LeakCount=5"];

    [Fact]
    public async Task SourceOff_RulesThatNeedIt_AreSilent()
    {
        await Node.SetAsync(Sysctls.CloseWaitTimeout, Shortest);
        await Node.SetAsync(Sysctls.Loose, 0);
        var server = await RunLeakyServerAsync("leaky");
        var meshed = await Node.RunMeshedServerAsync("meshed");
        var client = await RunClientAsync("client");
        await Node.SetAsync(meshed, Sysctls.CloseWaitTimeout, Shortest);
        await Node.SetAsync(meshed, Sysctls.Loose, 0);
        await OpenAsync(client, "hold", server.Ip, 9000, 1);
        await OpenAsync(client, "hold", meshed.Ip, 9000, 1);
        await OpenAsync(client, "half-close", server.Ip, 9000, 6);
        await OpenAsync(client, "half-close", meshed.Ip, 9000, 2);
        await Eventually.TrueAsync("all is forgotten", async () =>
            (await Node.ReportAsync()).AboveInfo.Count(finding => finding.StartsWith("critical half-closed-untracked", StringComparison.Ordinal)) == 3);

        var full = await Node.ReportAsync(s_soon);
        var withoutConntrack = await Node.ReportAsync([.. s_soon, "--Collection:Conntrack=off"]);
        var withoutSockets = await Node.ReportAsync([.. s_soon, "--Collection:Sockets=off"]);
        var withoutCapabilities = await Node.ReportWithoutCapabilitiesAsync(s_soon);

        Assert.Superset(new HashSet<string> { "close-wait-timeout-short", "half-closed-untracked", "close-wait-leak" }, full.FindingIds.ToHashSet());
        AssertSilentWithout(withoutConntrack, "conntrack");
        Assert.Contains("close-wait-leak", withoutConntrack.FindingIds);
        AssertSilentWithout(withoutSockets, "sockets");
        Assert.Contains(full.Findings, finding => finding is { Id: "close-wait-timeout-short", Name: "meshed" });
        Assert.DoesNotContain(withoutCapabilities.Findings, finding => finding is { Id: "close-wait-timeout-short" or "half-closed-untracked", Name: "meshed" });
        Assert.Equal("degraded", withoutCapabilities.Source("sysctl").GetProperty("status").GetString());
    }

    private static void AssertSilentWithout(NodeReport report, string source)
    {
        var silent = FindingCatalog.All.Where(explanation => explanation.Needs.Contains(source)).Select(explanation => explanation.Id);
        Assert.Empty(report.FindingIds.Intersect(silent));
        Assert.Equal("unavailable", report.Source(source).GetProperty("status").GetString());
        Assert.Contains("off", report.Source(source).GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Contains(report.Findings, finding => finding.Id == "source-unavailable" && finding.Name == source);
    }
}
