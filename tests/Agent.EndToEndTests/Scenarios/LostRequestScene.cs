using Agent.EndToEndTests.Images;
using Agent.EndToEndTests.Node;
using Agent.EndToEndTests.Reports;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>
/// Requests that fail for reasons that lie elsewhere than in an idle time-out of the pod that is asked, all at the same time, each with
/// another cause: what a running agent says of them.
/// </summary>
public sealed class LostRequestScene(NodePool nodes) : NodeScene(nodes)
{
    public const string Dropping = "dropping";
    public const string Crashing = "crashing";
    public const string Pool = "pool";
    public const string Hasty = "hasty";
    public const string Flooded = "flooded";
    public const string Closing = "closing";

    private const string Service = "10.96.0.90";
    private const int OutsidePort = 8080;
    private const int HastyPort = 8001;

    // The pool's connections are idle for longer than the outside server keeps them (1 to 2 s), and shorter than conntrack does.
    private const int EstablishedTimeout = 5;
    private const string PoolIdle = "3";
    private const string ServiceIdle = "6";
    private const string HealthyIdle = "0.5";

    private static readonly TimeSpan s_patience = ScanInterval.Patience(TimeSpan.FromSeconds(150));

    private static readonly (string Id, string Name, string Severity)[] s_expected =
    [
        ("requests-lost", Dropping, "critical"),
        ("container-restarting", Crashing, "critical"),
        ("upstream-closes-idle-first", Pool, "critical"),
        ("established-timeout-short", "", "critical"),
        ("backend-closes-idle-first", Hasty, "warning"),
        ("listen-queue-overflow", Flooded, "warning"),
        ("time-wait-overflow", Closing, "warning"),
    ];

    /// <summary>All that the agent has shown.</summary>
    public IReadOnlyCollection<ReportedFinding> Watched { get; private set; } = [];

    /// <summary>What its last report named, above info.</summary>
    public IReadOnlyCollection<string> InTheEnd { get; private set; } = [];

    /// <summary>What there was to be found.</summary>
    public IReadOnlyCollection<string> Expected { get; private set; } = [];

    /// <summary>The name of the node.</summary>
    public string NodeName { get; private set; } = "";

    protected override async Task PlayAsync(PodNode node)
    {
        NodeName = node.Name;
        (string Id, string Name, string Severity)[] expected =
            [.. s_expected.Select(one => one.Name.Length > 0 ? one : one with { Name = NodeName })];
        Expected = [.. expected.Select(static one => $"{one.Id} {one.Name}").Order(StringComparer.Ordinal)];
        await node.SetAsync(Sysctls.EstablishedTimeout, EstablishedTimeout);
        await using var outside = await OutsideServer.StartAsync(
            node, OutsidePort, "node", Repository.PathOf("tests/Agent.EndToEndTests/Images/server.js"), "1000");
        var pods = (await Task.WhenAll(
            node.RunServerAsync(WebImage.Pod(Dropping, "node", "/web/crash.js", "drop", "3")),
            node.RunServerAsync(WebImage.Pod(Crashing, "sh", "-c", "while :; do node /web/crash.js exit 1500; done")),
            node.RunServerAsync(PatientNginx("one")),
            node.RunServerAsync(PatientNginx("two")),
            node.RunServerAsync(WebImage.Nginx(Hasty, "server { listen 8080; keepalive_timeout 1s; location / { return 200 'hello\\n'; } }")),
            node.RunServerAsync(WebImage.NodeServer(Flooded, "620000")),
            node.RunServerAsync(WebImage.NodeServer(Closing, "620000")))).ToDictionary(static pod => pod.Name);
        await BalanceAsync(node, pods["one"], pods["two"]);
        var front = await node.RunServerAsync(
            WebImage.Nginx("front", $$"""
                upstream hasty { server {{pods[Hasty].Ip}}:8080; keepalive 32; keepalive_timeout 600s; }
                server { listen {{HastyPort}}; location / { proxy_pass http://hasty; proxy_http_version 1.1; proxy_set_header Connection ""; } }
                """),
            HastyPort);
        await node.SetAsync(pods[Closing], "net.ipv4.tcp_max_tw_buckets", 5);
        await node.SetAsync(pods[Flooded], "net.ipv4.tcp_syncookies", 0);
        await node.SetAsync(pods[Flooded], "net.ipv4.tcp_max_syn_backlog", 16);

        await using var agent = await NodeAgent.StartAsync(node, "Collection:Interval=1s");
        await agent.ReadyAsync();
        await using var log = new FindingLog(agent);
        await Task.WhenAll(
            TrafficAsync(node, "c-dropping", "closing", pods[Dropping].Ip, "8080", "10"),
            TrafficAsync(node, "c-crashing", "closing", pods[Crashing].Ip, "8080", "10"),
            TrafficAsync(node, "c-closing", "closing", pods[Closing].Ip, "8080", "20"),
            node.RunPodAsync(WebImage.Pod("c-hasty", "node", "/web/clients.js", $"{front.Ip}/{HastyPort}/8,4,2/2500,1800")),
            ReuseAsync(node, Pool, OutsideServer.Address, OutsidePort, PoolIdle),
            ReuseAsync(node, "healthy-pool", pods["one"].Ip, 8080, HealthyIdle),
            ReuseAsync(node, "balancer", Service, 80, ServiceIdle),
            FloodAsync(node, pods[Flooded]));

        try
        {
            await Eventually.TrueAsync(
                "all that is to be named is named, and nothing else",
                () => Task.FromResult(expected.All(one => log.Has(one.Id, one.Name, one.Severity)) && Last(log).SequenceEqual(Expected)),
                s_patience);
        }
        catch (TimeoutException)
        {
            // The tests say what is missing.
        }

        Watched = log.All;
        InTheEnd = Last(log);
    }

    private static IReadOnlyList<string> Last(FindingLog log) => [.. (log.Last?.Causes ?? []).Order(StringComparer.Ordinal)];

    private static PodSpec PatientNginx(string name) =>
        WebImage.Nginx(name, "server { listen 8080; keepalive_timeout 620s; location / { return 200 'hello\\n'; } }");

    private static Task<Pod> TrafficAsync(PodNode node, string name, params IReadOnlyList<string> arguments) =>
        node.RunPodAsync(WebImage.Pod(name, ["node", "/web/traffic.js", .. arguments]));

    private static Task<Pod> ReuseAsync(PodNode node, string name, string address, int port, string idle) =>
        node.RunPodAsync(WebImage.Pod(name, "python3", "/web/reuse.py", address, $"{port}", "6", idle));

    /// <summary>As kube-proxy does it: each connection that conntrack does not know goes to either.</summary>
    private static async Task BalanceAsync(PodNode node, Pod one, Pod two) => (await node.RunWithInputAsync(
        $"""
        *nat
        -A KUBE-SERVICES -d {Service} -p tcp --dport 80 -m statistic --mode random --probability 0.5 -j DNAT --to-destination {one.Ip}:8080
        -A KUBE-SERVICES -d {Service} -p tcp --dport 80 -j DNAT --to-destination {two.Ip}:8080
        COMMIT

        """,
        "iptables-restore",
        "--noflush")).Checked();

    /// <summary>Clients whose last packet of the handshake gets lost: the server waits for it.</summary>
    private static async Task FloodAsync(PodNode node, Pod server)
    {
        var client = await node.RunPodAsync(new PodSpec("shop", "flood", new ContainerSpec("app", TestImages.Peer, "crowd", server.Ip, "8080")));
        (await node.RunInNetworkOfAsync(client, "iptables", "-A", "OUTPUT", "-p", "tcp", "--tcp-flags", "SYN,ACK", "ACK", "-j", "DROP")).Checked();
    }
}
