using Agent.EndToEndTests.Images;
using Agent.EndToEndTests.Kernel;
using Agent.EndToEndTests.Node;
using Agent.EndToEndTests.Reports;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>
/// Servers behind nginx, all at the same time because the slowest takes 75 s to show what it does: what a running agent
/// says of them in the end, and a single report on the way.
/// </summary>
public sealed class IdleCloseScene(NodePool nodes) : NodeScene(nodes)
{
    public const string NodeDefault = "node-default";
    public const string NodeBusy = "node-busy";
    public const string NodeLong = "node-long";
    public const string NodeEndless = "node-endless";
    public const string NodeSlow = "node-slow";
    public const string NodeWithoutReuse = "node-without-reuse";
    public const string NodeClientsClose = "node-clients-close";
    public const string PythonDefault = "gunicorn-default";
    public const string NginxDefault = "nginx-default";

    private const string Keep = "keepalive 32; keepalive_timeout 600s;";
    private const string KeepShortly = "keepalive 32; keepalive_timeout 2s;";
    private const string KeepNot = "";

    // Bursts of requests of which the later ones reuse only some of the connections that the first has made.
    private const string NowAndThen = "8,2,3,1/3000,9000,4000,8000";

    private const string Finding = "backend-closes-idle-first";
    private const string Window = "10s";
    private const int Burst = 8;
    private const int Attempts = 4;

    // What is idle for less than a second may be in use.
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(1.2);

    private static readonly TimeSpan s_patience = ScanInterval.Patience(TimeSpan.FromSeconds(150));

    private static readonly (string Name, string Severity)[] s_named =
        [(NodeDefault, "warning"), (NodeBusy, "critical"), (PythonDefault, "warning"), (NginxDefault, "warning")];

    private static readonly Backend[] s_backends =
    [
        new(WebImage.NodeServer(NodeDefault, "default"), Keep, NowAndThen),
        new(WebImage.NodeServer(NodeLong, "620000"), Keep, NowAndThen) { Probed = true },
        new(WebImage.NodeServer(NodeEndless, "0"), Keep, NowAndThen),
        // Blocked from 5.4 to 6.4 s after the last request; by its time-out it closes at 6 s, and 5.8 s is when the next ones come.
        new(WebImage.NodeServer(NodeBusy, "default", "0", "5400", "1000"), Keep, "8,8,8/5800,5800,9000"),
        new(WebImage.NodeServer(NodeWithoutReuse, "default"), KeepNot, "4/1000") { Probed = true },
        new(WebImage.NodeServer(NodeSlow, "default", "5000"), KeepNot, "6/500"),
        new(WebImage.NodeServer(NodeClientsClose, "default"), KeepShortly, NowAndThen),
        new(WebImage.Gunicorn(PythonDefault), Keep, "8,2/5300,3700"),
        new(WebImage.Nginx(NginxDefault, "server { listen 8080; keepalive_timeout 75s; location / { return 200 'hello\\n'; } }"), Keep, "12,2,2,2,2,2,2/12000"),
    ];

    /// <summary>All that a running agent has shown.</summary>
    public IReadOnlyCollection<ReportedFinding> Watched { get; private set; } = [];

    /// <summary>Its last report as text.</summary>
    public string WatchedText { get; private set; } = "";

    /// <summary>Of a single command that scanned twice.</summary>
    public NodeReport Scanned { get; private set; } = null!;

    /// <summary>The same by another one, as markdown.</summary>
    public string ScannedMarkdown { get; private set; } = "";

    /// <summary>Log of the nginx in front.</summary>
    public string FrontLog { get; private set; } = "";

    public static int FrontPort(string backend) => 8001 + Array.FindIndex(s_backends, candidate => candidate.Spec.Name == backend);

    protected override async Task PlayAsync(PodNode node)
    {
        var pods = await Task.WhenAll(s_backends.Select(backend => node.RunServerAsync(backend.Spec)));
        var front = await node.RunPodAsync(WebImage.Nginx("front", string.Join('\n', s_backends.Zip(pods, Proxy))));
        await using var agent = await NodeAgent.StartAsync(node, "Collection:Interval=5s");
        await agent.ReadyAsync();
        await using var log = new FindingLog(agent);
        await node.RunPodAsync(WebImage.Pod("clients", ["node", "/web/clients.js", .. s_backends.Zip(pods).SelectMany(pair => Targets(pair.First, pair.Second, front))]));
        await ReportAsync(node, pods[0]);

        IEnumerable<(string, string)> Missing() => s_named.Where(named => !log.Has(Finding, named.Name, named.Severity));
        try
        {
            await Eventually.TrueAsync("all that is to be named is named", () => Task.FromResult(!Missing().Any()), s_patience);
        }
        catch (TimeoutException e)
        {
            var closes = (await agent.GetAsync("/metrics")).Split('\n').Where(static line => line.StartsWith("closewatch_pod_idle_close", StringComparison.Ordinal));
            throw new TimeoutException($"{e.Message} but {string.Join(" ", Missing())}\n{await agent.GetAsync("/report")}\n{string.Join('\n', closes)}", e);
        }

        WatchedText = await agent.GetAsync("/report");
        Watched = log.All;
        FrontLog = await node.OutputOfAsync(front, "app");
    }

    /// <summary>
    /// Two scans see a close only of a connection that was idle at the first: so that is made a moment after a burst, again
    /// where the machine was too slow for that.
    /// </summary>
    private async Task ReportAsync(PodNode node, Pod pod)
    {
        for (var attempt = 0; attempt < Attempts && Scanned?.Causes.Contains($"{Finding} {pod.Name}") != true; attempt++)
        {
            await Eventually.TrueAsync("a burst has come", async () => (await node.GetSocketsAsync(pod)).Count(socket => socket.State == "established") >= Burst, s_patience);
            await Task.Delay(s_idle);
            var markdown = node.RunClosewatchAsync("report", "--fresh", "--window", Window, "--details", "-o", "markdown");
            Scanned = await node.ReportAsync("--window", Window);
            ScannedMarkdown = (await markdown).Checked().Output;
        }
    }

    private static string Proxy(Backend backend, Pod pod) => $$"""
        upstream u{{FrontPort(pod.Name)}} { server {{pod.Ip}}:8080; {{backend.UpstreamKeepAlive}} }
        server {
          listen {{FrontPort(pod.Name)}};
          location / { proxy_pass http://u{{FrontPort(pod.Name)}}; {{(backend.UpstreamKeepAlive == KeepNot ? "" : "proxy_http_version 1.1; proxy_set_header Connection \"\";")}} }
        }
        """;

    private static IEnumerable<string> Targets(Backend backend, Pod pod, Pod front) =>
    [
        $"{front.Ip}/{FrontPort(pod.Name)}/{backend.Bursts}",
        // As a kubelet does, more often: a connection of its own for each request, which the server closes when it has answered.
        .. backend.Probed ? [$"{pod.Ip}/8080/1/1000"] : (string[])[],
    ];

    private sealed record Backend(PodSpec Spec, string UpstreamKeepAlive, string Bursts)
    {
        public bool Probed { get; init; }
    }
}
