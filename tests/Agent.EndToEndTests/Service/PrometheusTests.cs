using System.Globalization;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.EndToEndTests.Service;

/// <summary>What a real Prometheus makes of the agent's metrics.</summary>
[Lasts(seconds: 30)]
public sealed class PrometheusTests
{
    [Fact]
    public async Task Scrape_BothFormats_SameValuesAsTheKernelAndNoneOfWhatIsGone()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "not root: the test makes a network namespace");
        var name = $"cw-e2e-{Guid.NewGuid().ToString("N")[..8]}";
        var owner = $"netns:{name}";
        await using var agent = await AgentProcess.StartAsync(settings: "Collection:Interval=1s");
        using var proxy = new TextOnlyProxy(agent);
        await using var prometheus = await PrometheusServer.StartAsync(("openmetrics", agent.Address.Port), ("text", proxy.Port));

        await prometheus.UntilAsync("up", static up => up.Count == 2 && up.Values.All(static value => value == 1));
        await prometheus.UntilAsync(
            "closewatch_conntrack_timeout_seconds{timeout=\"tcp_close_wait\"}",
            static values => values.Count == 2 && values.Values.All(static value => value == Sysctl("net/netfilter/nf_conntrack_tcp_timeout_close_wait")));
        await prometheus.UntilAsync("rate(closewatch_scans_total[10s])", static rates => rates.Count == 2 && rates.Values.All(static rate => rate is > 0.3 and < 3));

        (await Command.RunAsync(["ip", "netns", "add", name])).Checked();
        try
        {
            var query = $"closewatch_pod_tcp_resets_sent_total{{pod=\"{owner}\"}}";
            await prometheus.UntilAsync(query, static values => values.Count == 2);
            (await Command.RunAsync(["ip", "netns", "delete", name])).Checked();
            await prometheus.UntilAsync(query, static values => values.Count == 0);
        }
        finally
        {
            _ = await Command.RunAsync(["ip", "netns", "delete", name]);
        }

        // What one of the two has scraped first, the other has a second later.
        await prometheus.UntilAsync(
            "{__name__=~\"closewatch_.+\",job=\"text\"} unless on(__name__) {__name__=~\"closewatch_.+\",job=\"openmetrics\"}", static values => values.Count == 0);
    }

    [Fact]
    public async Task Rate_OverARestartOfTheAgent_IsSane()
    {
        await using var first = await AgentProcess.StartAsync(settings: "Collection:Interval=1s");
        var port = first.Address.Port;
        await using var prometheus = await PrometheusServer.StartAsync(("agent", port));
        await prometheus.UntilAsync("count_over_time(closewatch_scans_total[1m]) >= 5", static values => values.Count == 1);
        await first.EndAsync("KILL");
        await using var second = await AgentProcess.StartAsync(settings: ["Collection:Interval=1s", $"Http:Listen=http://127.0.0.1:{port}"]);
        await prometheus.UntilAsync("resets(closewatch_scans_total[1m]) >= 1", static values => values.Count == 1);

        await prometheus.UntilAsync("rate(closewatch_scans_total[1m])", static rates => rates.Values.Single() is > 0.1 and < 3);
        await prometheus.UntilAsync("rate(process_cpu_seconds_total[1m])", static rates => rates.Values.Single() is >= 0 and < 16);
        Assert.Empty((await prometheus.QueryAsync("rate(closewatch_pod_tcp_resets_sent_total[1m]) > 10000"))!);
    }

    private static double Sysctl(string path) => double.Parse(File.ReadAllText($"/proc/sys/{path}"), CultureInfo.InvariantCulture);
}
