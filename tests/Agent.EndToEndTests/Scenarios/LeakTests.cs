using Agent.EndToEndTests.Kernel;
using Agent.EndToEndTests.Node;
using Agent.EndToEndTests.Reports;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>Applications that never close, and peers that never finish.</summary>
[Lasts(seconds: 20)]
public sealed class LeakTests(NodePool nodes) : NodeTest(nodes)
{
    private const int Leaked = 12;
    private const int LeakedLater = 6;
    private const int Meshed = 6;
    private const int Vanished = 7;
    private const int RequestBytes = 8;

    // From half of the timeout of the sidecar's pod on.
    private const string Expiring = "warning half-closed-expiring shop/meshed from close-wait-leak";

    private static readonly int s_kept = ScanInterval.Lasting(60);

    // So that a minute is not needed for a leak.
    private static readonly string[] s_soon = ["--Diagnosis:LeakAge=2s", "--Diagnosis:LeakCount=5", $"--Diagnosis:ExpiringWithin={s_kept}s"];

    [Fact]
    public async Task LeakPileUpAndSidecar_AtTheSameTime_AreThreeCauses()
    {
        var leaky = await RunLeakyServerAsync("leaky");
        var caller = await RunClientAsync("caller");
        var meshed = await Node.RunMeshedServerAsync("meshed");
        await Node.SetAsync(meshed, Sysctls.CloseWaitTimeout, s_kept);
        var visitor = await RunClientAsync("visitor");
        var vanishing = await RunLeakyServerAsync("vanishing");
        var waiter = await RunClientAsync("waiter");
        await Node.AddServiceAsync("10.96.0.50", 80, leaky, 9000, masquerade: true);
        await OpenAsync(waiter, "half-close", vanishing.Ip, 9000, Vanished);
        (await Node.RunInNetworkOfAsync(vanishing, "ip", "link", "set", "eth0", "down")).Checked(); // as with a node that loses power
        await Node.RemovePodAsync(vanishing);
        await OpenAsync(caller, "request", "10.96.0.50", 80, Leaked);
        await OpenAsync(visitor, "half-close", meshed.Ip, 9000, Meshed);
        await using var agent = await StartAgentAsync([.. s_soon.Select(setting => setting[2..])]);
        await using var watch = new FindingWatch(agent);

        var report = await Node.ReportAsync([.. s_soon, "--window", "3s"]);
        FindingScore.AssertAre(
            [
                "warning close-wait-leak shop/leaky",
                "warning close-wait-leak shop/meshed",
                "warning fin-wait2-pile-up shop/caller from close-wait-leak",
                "warning fin-wait2-pile-up shop/meshed from close-wait-leak",
                "warning fin-wait2-pile-up shop/visitor from close-wait-leak",
                "warning fin-wait2-pile-up shop/waiter",
            ],
            report.AboveInfo.Where(static finding => finding != Expiring), // which a slow machine sees already
            report.Findings);
        await ReportAssert.SocketsAsKernelShowsAsync(Node, report, leaky, caller, meshed, visitor, waiter);
        var leak = report.Finding("close-wait-leak", "leaky");
        Assert.StartsWith($"{Leaked} sockets in CLOSE_WAIT, {Leaked} of them older than 2s", leak.Evidence[0], StringComparison.Ordinal);
        Assert.Contains(leak.Evidence, line => line.StartsWith("Owner: peer(", StringComparison.Ordinal));
        Assert.Contains(leak.Evidence, line => line.StartsWith($"{Leaked * RequestBytes} bytes lie unread", StringComparison.Ordinal));
        // ss counts the FIN as a byte.
        Assert.Equal(Leaked * (RequestBytes + 1), (await Node.GetQueuesAsync(leaky)).Where(queue => queue.Socket.State == "close_wait").Sum(queue => queue.Receive));
        Assert.Contains(
            report.Finding("close-wait-leak", "meshed").Evidence,
            line => line.StartsWith($"{Meshed} sockets in FIN_WAIT2 are a proxy's in this pod", StringComparison.Ordinal) && line.Contains("does not close, peer(", StringComparison.Ordinal));
        Assert.Contains(report.Finding("fin-wait2-pile-up", "caller").Evidence, line => line == "The other ends are sockets of shop/leaky.");

        await OpenAsync(caller, "half-close", "10.96.0.50", 80, LeakedLater);
        var grown = await watch.UntilAsync(
            "the agent sees it grow, and the entries of the sidecar's pod run out", now => now.AboveInfo.Count == 7 && now.AboveInfo[0].StartsWith("critical", StringComparison.Ordinal));
        FindingScore.AssertAre(
            [
                "critical close-wait-leak shop/leaky",
                "warning close-wait-leak shop/meshed",
                "warning fin-wait2-pile-up shop/caller from close-wait-leak",
                "warning fin-wait2-pile-up shop/meshed from close-wait-leak",
                "warning fin-wait2-pile-up shop/visitor from close-wait-leak",
                "warning fin-wait2-pile-up shop/waiter",
                Expiring,
            ],
            grown.AboveInfo,
            grown.Findings);
        Assert.Contains(grown.Finding("close-wait-leak", "leaky").Evidence, line => line.EndsWith("ago: they accumulate.", StringComparison.Ordinal));
        await watch.MoreAsync(3);
        FindingScore.AssertAre(grown.AboveInfo, watch.Reports[^1].AboveInfo);
        watch.AssertSteady();
    }
}
