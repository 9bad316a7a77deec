using Agent.EndToEndTests.Images;
using Agent.EndToEndTests.Kernel;
using Agent.EndToEndTests.Node;
using Agent.EndToEndTests.Reports;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>
/// The tracker forgets connections that one side has half-closed before the other side answers: told from the setting
/// alone, while it comes about, and when the answers are lost.
/// </summary>
[Lasts(seconds: 40)]
public sealed class ForgottenConnectionTests(NodePool nodes) : NodeTest(nodes)
{
    private const string Service = "10.96.0.50";
    private const int Shortest = 2;

    // Half-closed while the timeout was the kernel's default, and while it was the shortest.
    private const int Kept = 3;
    private const int Forgotten = 2;

    // The kernel's default, and about to run out at once.
    private static readonly int s_kept = ScanInterval.Lasting(60);

    // What waits for its answer meanwhile is no leak: at longer intervals that takes longer.
    private static readonly string[] s_settings = [$"Diagnosis:ExpiringWithin={s_kept}s", $"Diagnosis:LeakAge={s_kept}s"];
    private static readonly string[] s_options = [.. s_settings.Select(static setting => "--" + setting)];

    [Fact]
    public async Task HostsTable_ThroughDnatAndMasquerade_IsTheNodesFinding()
    {
        var server = await Node.RunPodAsync(new PodSpec("shop", "slow", new ContainerSpec("app", TestImages.Peer, "serve", "0.0.0.0", "9000", "told")));
        var client = await RunClientAsync("client");
        await Node.AddServiceAsync(Service, 80, server, 9000, masquerade: true);
        await Node.SetAsync(Sysctls.CloseWaitTimeout, s_kept);
        await using var agent = await StartAgentAsync(s_settings);
        await using var watch = new FindingWatch(agent);

        var settingAlone = await Node.ReportAsync(s_options);
        FindingScore.AssertNothing(settingAlone.AboveInfo);
        Assert.Equal("info", settingAlone.Finding("close-wait-timeout-short", Node.Name).Severity);

        await OpenAsync(client, "half-close", Service, 80, Kept);
        await watch.UntilAsync("the agent warns of all", report => report.AboveInfo.Count == 3);
        var warned = await Node.ReportAsync(s_options);
        FindingScore.AssertAre(
            [
                $"warning close-wait-timeout-short {Node.Name}",
                "warning half-closed-expiring shop/client from close-wait-timeout-short",
                "warning half-closed-expiring shop/slow from close-wait-timeout-short",
            ],
            warned.AboveInfo);
        await AssertNumbersAsync(warned, server, client);

        await Node.SetAsync(Sysctls.CloseWaitTimeout, Shortest);
        await OpenAsync(client, "half-close", Service, 80, Forgotten);
        await watch.UntilAsync("the agent sees what is forgotten", report => report.Findings.Any(finding => finding is { Id: "half-closed-untracked", Name: "slow" }));
        var forgotten = await Node.ReportAsync(s_options);
        string[] expected =
        [
            $"critical close-wait-timeout-short {Node.Name}",
            "critical half-closed-untracked shop/client from close-wait-timeout-short",
            "critical half-closed-untracked shop/slow from close-wait-timeout-short",
            "warning half-closed-expiring shop/client from close-wait-timeout-short",
            "warning half-closed-expiring shop/slow from close-wait-timeout-short",
        ];
        FindingScore.AssertAre(expected, forgotten.AboveInfo);
        await AssertNumbersAsync(forgotten, server, client);
        var cause = forgotten.Finding("close-wait-timeout-short", Node.Name);
        Assert.Contains(cause.Evidence, line => line.Contains($"{Kept} close_wait, 0 fin_wait", StringComparison.Ordinal));
        Assert.Contains(cause.Evidence, line => line.Contains($"untracked): shop/client ({Forgotten}), shop/slow ({Forgotten})", StringComparison.Ordinal));
        // No kube-proxy runs here, so its flag is not offered.
        Assert.Equal("sysctl on a node without kube-proxy: sysctl -w net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600", cause.Fixes[0]);
        Assert.All(forgotten.Findings.Where(finding => finding.CausedBy is not null), finding => Assert.Equal(cause.Fixes, finding.Fixes));
        await watch.MoreAsync(3);
        FindingScore.AssertAre(expected, watch.Reports[^1].AboveInfo);
        watch.AssertSteady();

        await AssertOnlyTheKeptAreAnsweredAsync(server, client);
    }

    [Fact]
    public async Task MeshedPodsOwnTable_ItsOwnTimeout_IsThePodsFinding()
    {
        var meshed = await Node.RunMeshedServerAsync("meshed", answer: "told");
        await Node.SetAsync(meshed, Sysctls.CloseWaitTimeout, s_kept);
        var client = await RunClientAsync("client");
        await OpenAsync(client, "hold", meshed.Ip, 9000, 1); // an empty table does not tell whether its namespace tracks
        await using var agent = await StartAgentAsync(s_settings);
        await using var watch = new FindingWatch(agent);

        var settingAlone = await Node.ReportAsync(s_options);
        FindingScore.AssertNothing(settingAlone.AboveInfo);
        Assert.Equal("info", settingAlone.Finding("close-wait-timeout-short", "meshed").Severity);

        await OpenAsync(client, "half-close", meshed.Ip, 9000, Kept);
        await watch.UntilAsync("the agent warns of all", report => report.AboveInfo.Count == 2);
        var warned = await Node.ReportAsync(s_options);
        FindingScore.AssertAre(["warning close-wait-timeout-short shop/meshed", "warning half-closed-expiring shop/meshed from close-wait-timeout-short"], warned.AboveInfo);
        await AssertNumbersAsync(warned, meshed, client);

        await Node.SetAsync(meshed, Sysctls.CloseWaitTimeout, Shortest);
        await OpenAsync(client, "half-close", meshed.Ip, 9000, Forgotten);
        await watch.UntilAsync("the agent sees what is forgotten", report => report.Findings.Any(finding => finding is { Id: "half-closed-untracked", Name: "meshed" }));
        var forgotten = await Node.ReportAsync(s_options);
        string[] expected =
        [
            "critical close-wait-timeout-short shop/meshed",
            "critical half-closed-untracked shop/meshed from close-wait-timeout-short",
            "warning half-closed-expiring shop/meshed from close-wait-timeout-short",
        ];
        FindingScore.AssertAre(expected, forgotten.AboveInfo);
        await AssertNumbersAsync(forgotten, meshed, client);
        var cause = forgotten.Finding("close-wait-timeout-short", "meshed");
        Assert.Contains(cause.Evidence, line => line.StartsWith("The host has 1h", StringComparison.Ordinal));
        // It redirects as linkerd does, but linkerd's proxy is not in the pod.
        Assert.Equal("closewatch: closewatch sysctl plan --Remediation:Scope=host+pods", cause.Fixes[0]);
        Assert.DoesNotContain(cause.Fixes, fix => fix.StartsWith("kube-proxy", StringComparison.Ordinal));
        await watch.MoreAsync(3);
        FindingScore.AssertAre(expected, watch.Reports[^1].AboveInfo);
        watch.AssertSteady();

        await AssertOnlyTheKeptAreAnsweredAsync(meshed, client);
    }

    /// <summary>The server writes all its answers and closes; what the tracker has forgotten never ends at the client.</summary>
    private async Task AssertOnlyTheKeptAreAnsweredAsync(Pod server, Pod client)
    {
        (await Node.ExecAsync(server, "app", "/bin/peer", "tell")).Checked();
        await Eventually.TrueAsync("the server has answered all", async () => (await Node.GetSocketsAsync(server)).All(socket => !socket.IsHalfClosed && socket.State != "last_ack"));
        await Eventually.TrueAsync("the answers have arrived that can", async () => (await Node.GetSocketsAsync(client)).Count(socket => socket.State == "time_wait") == Kept);
        var unanswered = (await Node.GetQueuesAsync(client)).Where(queue => queue.Socket.State == "fin_wait2").ToArray();
        Assert.Equal(Forgotten, unanswered.Length);
        Assert.All(unanswered, queue => Assert.Equal(0, queue.Receive));
    }

    private async Task AssertNumbersAsync(NodeReport report, params Pod[] pods)
    {
        await ReportAssert.SocketsAsKernelShowsAsync(Node, report, pods);
        await ReportAssert.FlowsAsKernelShowsAsync(Node, report, pods);
    }

}
