using System.Globalization;
using System.Text.RegularExpressions;
using Agent.EndToEndTests.Images;
using Agent.EndToEndTests.Kernel;
using Agent.EndToEndTests.Node;
using Agent.EndToEndTests.Reports;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>The tracker has no room, drops or refuses packets, or is not asked at all.</summary>
[Lasts(seconds: 45)]
public sealed partial class TrackerTroubleTests(NodePool nodes) : NodeTest(nodes)
{
    private const string LimitFile = "/proc/sys/net/netfilter/nf_conntrack_max";
    private const int LargestTable = 600_000;

    [Fact]
    public async Task Masquerading_WithOnePort_IsDropsThatNeedNoBiggerTable()
    {
        var server = await RunLeakyServerAsync("server");
        var first = await RunClientAsync("first");
        (await Node.RunAsync(
            "iptables", "-w", "-t", "nat", "-A", "KUBE-POSTROUTING", "-d", server.Ip, "-p", "tcp", "--dport", "9000", "-j", "MASQUERADE", "--to-ports", "5000")).Checked();
        await OpenAsync(first, "hold", server.Ip, 9000, 1); // takes the port
        await RunAsync("others", "crowd", server.Ip, "9000");
        await using var agent = await StartAgentAsync();
        await using var watch = new FindingWatch(agent);

        FindingScore.AssertNothing((await Node.ReportAsync()).AboveInfo); // totals since the node began
        var before = await Node.GetConntrackCountersAsync();
        var report = await Node.ReportAsync("--window", "2s");
        var after = await Node.GetConntrackCountersAsync();

        string[] expected = [$"warning conntrack-drops {Node.Name}"];
        FindingScore.AssertAre(expected, report.AboveInfo);
        var finding = report.Finding("conntrack-drops", Node.Name);
        Assert.Single(finding.Evidence);
        AssertRose("insert_failed", finding, before, after);
        Assert.All(finding.Fixes, fix => Assert.DoesNotContain("nf_conntrack_max", fix, StringComparison.Ordinal));
        await watch.MoreAsync(8);
        FindingScore.AssertAre(expected, watch.Reports[^1].AboveInfo);
        watch.AssertSteady();
    }

    [Fact]
    public async Task PacketsOutsideTheWindow_AreInvalidUnlessLiberal()
    {
        var server = await RunLeakyServerAsync("server", "::");
        var late = await RunAsync("late", "stray", "late", server.Ip6, "9000");

        var before = await Node.GetConntrackCountersAsync();
        var strict = await Node.ReportAsync("--window", "1s");
        var after = await Node.GetConntrackCountersAsync();
        await Node.SetAsync(Sysctls.Liberal, 1);
        var liberal = await Node.ReportAsync("--window", "1s");

        FindingScore.AssertAre([$"warning conntrack-invalid-packets {Node.Name}"], strict.AboveInfo);
        var finding = strict.Finding("conntrack-invalid-packets", Node.Name);
        AssertRose("invalid", finding, before, after);
        Assert.Contains(finding.Evidence, line => line.StartsWith("tcp_be_liberal is 0", StringComparison.Ordinal));
        Assert.Equal("sysctl: sysctl -w net.netfilter.nf_conntrack_tcp_be_liberal=1", finding.Fixes[0]);
        Assert.DoesNotContain("conntrack-invalid-packets", liberal.FindingIds);

        // Liberal or not, nobody knows the connections of these.
        await Node.RemovePodAsync(late);
        await RunAsync("reset", "stray", "reset", server.Ip6, "9000");
        var resets = await Node.ReportAsync("--window", "1s");
        FindingScore.AssertNothing(resets.AboveInfo);
        Assert.Contains(resets.Finding("conntrack-invalid-packets", Node.Name).Evidence, line => line.StartsWith("tcp_be_liberal is on", StringComparison.Ordinal));
    }

    /// <summary>An hour was theirs: a longer timeout would not have kept them.</summary>
    [Fact]
    public async Task TableThatIsFlushed_IsNotBlamedOnItsTimeout()
    {
        var server = await RunLeakyServerAsync("server");
        var client = await RunClientAsync("client");
        await Node.AddServiceAsync("10.96.0.51", 80, server, 9000, masquerade: true);
        await Node.SetAsync(Sysctls.CloseWaitTimeout, 3600);
        await OpenAsync(client, "half-close", "10.96.0.51", 80, 3);
        await using var agent = await StartAgentAsync();
        await using var watch = new FindingWatch(agent);
        await watch.MoreAsync(2);
        FindingScore.AssertNothing(watch.Reports[^1].AboveInfo);

        (await Node.RunAsync("conntrack", "-F")).Checked();

        string[] expected = ["critical half-closed-untracked shop/client", "critical half-closed-untracked shop/server"];
        await watch.UntilAsync("both ends are told to have lost their entries", report => report.AboveInfo.Count >= 2);
        FindingScore.AssertAre(expected, watch.Reports[^1].AboveInfo);
        foreach (var pod in (string[])["client", "server"])
        {
            var finding = watch.Reports[^1].Finding("half-closed-untracked", pod);
            Assert.Contains("whose conntrack entry was deleted", finding.Title, StringComparison.Ordinal);
            Assert.All(finding.Fixes, static fix => Assert.DoesNotContain("timeout", fix, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task TableFullOfCloseWait_DropsEntriesEarly()
    {
        var limit = int.Parse((await Node.RunAsync("cat", "/proc/sys/net/netfilter/nf_conntrack_max")).Checked().Output, CultureInfo.InvariantCulture);
        Assert.SkipWhen(limit is 0 or > LargestTable, $"nf_conntrack_max is {limit}, the machine's own setting, and filling such a table takes too long");
        var server = await RunLeakyServerAsync("server");
        await File.WriteAllLinesAsync(Node.Root + "/run/node/entries", Enumerable.Range(0, limit).Select(CloseWaitEntry), TestContext.Current.CancellationToken);
        (await Node.RunAsync("conntrack", "-R", "/run/node/entries")).Checked();
        await RunAsync("crowd", "crowd", server.Ip, "9000");

        var before = await Node.GetConntrackCountersAsync();
        var report = await Node.ReportAsync("--window", "1s");
        var after = await Node.GetConntrackCountersAsync();

        FindingScore.AssertAre([$"critical conntrack-table-pressure {Node.Name}", $"warning conntrack-drops {Node.Name} from conntrack-table-pressure"], report.AboveInfo);
        var cause = report.Finding("conntrack-table-pressure", Node.Name);
        Assert.Contains(cause.Evidence, line => line.Contains("of the entries are close_wait", StringComparison.Ordinal));
        AssertRose("early_drop", report.Finding("conntrack-drops", Node.Name), before, after);
        Assert.Contains(cause.Fixes, fix => fix.EndsWith($"sysctl -w net.netfilter.nf_conntrack_max={2 * limit}", StringComparison.Ordinal));

        // Read-only where these tests run in a network namespace that is not the machine's first.
        if (File.GetUnixFileMode(LimitFile).HasFlag(UnixFileMode.UserWrite))
        {
            var lowered = await ReportWithLimitAsync(limit - limit / 50);
            FindingScore.AssertAre([$"critical conntrack-table-pressure {Node.Name}", $"warning conntrack-drops {Node.Name} from conntrack-table-pressure"], lowered.AboveInfo);
            Assert.Contains(lowered.Finding("conntrack-table-pressure", Node.Name).Evidence, line => line.StartsWith("The limit was lowered below", StringComparison.Ordinal));
        }

        File.Delete(Node.Root + "/run/node/entries");
    }

    [Fact]
    public async Task Notrack_ForgetsNothing()
    {
        foreach (var chain in (string[])["PREROUTING", "OUTPUT"])
        {
            (await Node.RunAsync("iptables", "-w", "-t", "raw", "-A", chain, "-j", "CT", "--notrack")).Checked();
        }

        await Node.SetAsync(Sysctls.CloseWaitTimeout, 2);
        var server = await RunLeakyServerAsync("server");
        var client = await RunClientAsync("client");
        await OpenAsync(client, "hold", server.Ip, 9000, 2);
        await OpenAsync(client, "half-close", server.Ip, 9000, 3);

        var report = await Node.ReportAsync("--window", "3s");

        FindingScore.AssertNothing(report.AboveInfo);
        Assert.Equal(["close-wait-timeout-short", "conntrack-not-authoritative"], report.FindingIds.Order(StringComparer.Ordinal));
        await ReportAssert.SocketsAsKernelShowsAsync(Node, report, server, client);
        Assert.StartsWith("4 established connections of shop/client, shop/server", report.Finding("conntrack-not-authoritative", Node.Name).Evidence[0], StringComparison.Ordinal);
        Assert.Equal((0, 0), (ReportAssert.Number(report.HalfClosed(server), "untracked"), ReportAssert.Number(report.HalfClosed(server), "expiring")));
    }

    /// <summary>
    /// What is said while nf_conntrack_max is another: the machine's, which has one for all its network namespaces. So near to what it was, no
    /// other test that runs meanwhile has so many entries that it notices.
    /// </summary>
    private async Task<NodeReport> ReportWithLimitAsync(int limit)
    {
        var before = await File.ReadAllTextAsync(LimitFile);
        try
        {
            await File.WriteAllTextAsync(LimitFile, limit.ToString(CultureInfo.InvariantCulture));
            var report = await Node.ReportAsync("--window", "1s");
            Assert.Equal(limit, report.Root.GetProperty("conntrack").GetProperty("limit").GetInt32());
            return report;
        }
        finally
        {
            await File.WriteAllTextAsync(LimitFile, before);
        }
    }

    private Task<Pod> RunAsync(string name, params string[] peer) => Node.RunPodAsync(new PodSpec("shop", name, new ContainerSpec("app", TestImages.Peer, peer)));

    /// <summary>What the report says a counter rose by happened, and happened between these two looks at it.</summary>
    private static void AssertRose(string counter, ReportedFinding finding, IReadOnlyDictionary<string, long> before, IReadOnlyDictionary<string, long> after)
    {
        var line = Assert.Single(finding.Evidence, line => line.StartsWith(counter + " rose by ", StringComparison.Ordinal));
        var rise = long.Parse(RoseBy().Match(line).Groups[1].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);
        Assert.InRange(rise, 1, after[counter] - before[counter]);
    }

    // As conntrack -R takes it.
    private static string CloseWaitEntry(int index)
    {
        var client = $"10.{index >> 16 & 0xFF}.{index >> 8 & 0xFF}.{index & 0xFF}";
        return $"-A -t 3600 -s {client} -d 10.96.0.10 -r 10.96.0.10 -q {client} -p tcp --sport 4000 --dport 80 --reply-port-src 80 --reply-port-dst 4000 --state CLOSE_WAIT";
    }

    [GeneratedRegex("rose by ([0-9,]+)")]
    private static partial Regex RoseBy();
}
