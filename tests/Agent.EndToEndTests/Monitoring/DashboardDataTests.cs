using System.Diagnostics;
using System.Text.RegularExpressions;
using Agent.EndToEndTests.Node;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.EndToEndTests.Monitoring;

/// <summary>Every query of both dashboards, asked of a real Prometheus that scrapes a real agent.</summary>
[Lasts(seconds: 20)]
public sealed partial class DashboardDataTests(NodePool nodes) : NodeTest(nodes)
{
    private const string AgentAddress = "127.0.0.1:9742";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(120);

    private readonly List<Process> _processes = [];

    [Fact]
    public async Task Panels_ANodeInEveryKindOfTrouble_AllShowData()
    {
        await MakeTroubleAsync();
        // There is no API server here: a source that is down.
        string[] options = [$"--Http:Listen=http://{AgentAddress}", "--Collection:Interval=1s", "--Pods:Source=kubernetes", "--Remediation:Mode=dry-run", "--Remediation:Scope=host+pods"];
        Start([Repository.Closewatch, "run", .. options]);
        await using var prometheus = await PrometheusServer.StartAsync(Node, AgentAddress);

        // Counters need time to rise. Remediation has values only of sysctls that this node's agent may look after.
        var missing = Queries().ToList();
        var patience = Stopwatch.StartNew();
        while (missing.Count > 0 && patience.Elapsed < s_patience)
        {
            var still = new List<PanelQuery>();
            foreach (var query in missing)
            {
                if (await prometheus.CountAsync(query.Expression) == 0)
                {
                    still.Add(query);
                }
            }

            missing = still;
        }

        Assert.Empty(missing);
        await ExpositionTests.CheckAsync(await Node.Http.GetStringAsync(new Uri($"http://{AgentAddress}/metrics"), TestContext.Current.CancellationToken));
        Assert.Equal(1, await prometheus.CountAsync("ALERTS{alertname=\"ClosewatchHalfClosedUntracked\", pod=\"leaky\"}"));
        Assert.Equal(0, await prometheus.CountAsync("prometheus_rule_evaluation_failures_total > 0"));
    }

    [Fact]
    public async Task Panels_AHealthyNode_NoneFails()
    {
        await RunClientAsync("quiet");
        Start(Repository.Closewatch, "run", $"--Http:Listen=http://{AgentAddress}", "--Collection:Interval=1s");
        await using var prometheus = await PrometheusServer.StartAsync(Node, AgentAddress);
        await Eventually.TrueAsync("the agent is scraped", async () => await prometheus.CountAsync("closewatch_build_info") == 1, s_patience);

        foreach (var query in Queries())
        {
            await prometheus.CountAsync(query.Expression);
        }

        Assert.Equal(0, await prometheus.CountAsync("closewatch_pod_half_closed_untracked_sockets"));
        Assert.Equal(0, await prometheus.CountAsync("prometheus_rule_evaluation_failures_total > 0"));
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
        }

        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Untracked, expiring, half-closed both ways, in the host's table and in a pod's own, idle, reset, refused.</summary>
    private async Task MakeTroubleAsync()
    {
        var leaky = await RunLeakyServerAsync("leaky");
        var meshed = await Node.RunMeshedServerAsync("meshed");
        var client = await RunClientAsync("client");
        await OpenAsync(client, "half-close", leaky.Ip, 9000, 12);
        (await Node.RunAsync("conntrack", "-D", "-p", "tcp", "--state", "CLOSE_WAIT", "--dst", leaky.Ip)).Checked();
        await OpenAsync(client, "half-close", leaky.Ip, 9000, 3);
        await OpenAsync(client, "hold", leaky.Ip, 9000, 3);
        await OpenAsync(client, "half-close", meshed.Ip, 9000, 3);
        Start([.. PodNode.NetworkOf(client), "/usr/bin/python3", Repository.PathOf("tests/Agent.EndToEndTests/Monitoring/trouble.py")]);
    }

    private void Start(params IReadOnlyList<string> command)
    {
        var process = Process.Start(Node.StartInfo(command))!;
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        _processes.Add(process);
    }

    private static IEnumerable<PanelQuery> Queries() =>
        from dashboard in Dashboard.Names.Select(Dashboard.Read)
        from panel in dashboard.DataPanels
        from query in panel.Queries
        select new PanelQuery(dashboard.Name, panel.Title, Variable().Replace(query, static match => match.Groups[1].Value switch
        {
            "__rate_interval" => "10s",
            "upstream" => "600",
            _ => ".*",
        }));

    [GeneratedRegex(@"\$\{?(\w+)\}?")]
    private static partial Regex Variable();

    private sealed record PanelQuery(string Dashboard, string Panel, string Expression);
}
