using Agent.EndToEndTests.Images;
using Agent.EndToEndTests.Node;
using Agent.EndToEndTests.Reports;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>
/// What looks like the causes of failing requests and is none, all at the same time, beside one server that does close idle connections too
/// soon, behind a proxy, and is repaired in the end.
/// </summary>
public sealed class LookAlikeScene(NodePool nodes) : NodeScene(nodes)
{
    public const string Behind = "behind";
    public const string Redis = "redis";
    public const string Pool = "pool";

    private const string Finding = "backend-closes-idle-first";
    private const int ProxyPort = 8001;
    private const int PooledConnections = 20;

    private static readonly TimeSpan s_patience = ScanInterval.Patience(TimeSpan.FromSeconds(100));

    // Not in step with the clients, who ask once a second: a server that closes whenever they have been idle for half of it has a time-out.
    private static readonly TimeSpan[] s_reloads = [TimeSpan.FromSeconds(2.5), TimeSpan.FromSeconds(3.2), TimeSpan.FromSeconds(1.9)];

    /// <summary>All that the agent has shown until the repair.</summary>
    public IReadOnlyCollection<ReportedFinding> Watched { get; private set; } = [];

    /// <summary>Its report after the repair.</summary>
    public NodeReport Repaired { get; private set; } = null!;

    /// <summary>The same as text.</summary>
    public string RepairedText { get; private set; } = "";

    /// <summary>How long the finding stayed after the repair.</summary>
    public TimeSpan Cleared { get; private set; }

    protected override async Task PlayAsync(PodNode node)
    {
        var pods = (await Task.WhenAll(
            node.RunServerAsync(WebImage.Pod(Behind, "sh", "-c", "while :; do node /web/server.js $(cat /tmp/keep 2>/dev/null || echo default); done")),
            node.RunServerAsync(WebImage.Nginx("limited", "server { listen 8080; keepalive_requests 3; keepalive_timeout 620s; location / { return 200 'hello\\n'; } }")),
            node.RunServerAsync(WebImage.Nginx("reloading", "server { listen 8080; keepalive_timeout 620s; location / { return 200 'hello\\n'; } }")),
            node.RunServerAsync(Apache("graceful")),
            node.RunServerAsync(WebImage.Nginx("refusing", "server { listen 8080; client_max_body_size 1k; keepalive_timeout 620s; location / { return 200 'hello\\n'; } }")),
            node.RunServerAsync(WebImage.Nginx("closing", "server { listen 8080; keepalive_timeout 1s; location / { return 200 'hello\\n'; } }")),
            node.RunPodAsync(WebImage.Pod("trickle", "python3", "/web/lookalikes.py", "trickle", "9000")),
            node.RunPodAsync(WebImage.Pod(Redis, "redis-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", "", "--timeout", "3"))))
            .ToDictionary(static pod => pod.Name);
        var proxy = await node.RunServerAsync(HaProxy(pods[Behind], pods["limited"], pods["reloading"], pods["graceful"]), ProxyPort);

        // So that a minute is not needed for what would be a leak; on a busy machine a server may send nothing for seconds.
        await using var agent = await NodeAgent.StartAsync(
            node, "Collection:Interval=2s", "Diagnosis:LeakAge=8s", "Diagnosis:LeakCount=5");
        await agent.ReadyAsync();
        await using var log = new FindingLog(agent);
        await Task.WhenAll(
            RunAsync(node, Pool, "pool", pods["closing"].Ip, "8080", $"{PooledConnections}"),
            RunAsync(node, "listeners", "listen", pods["trickle"].Ip, "9000", "12"),
            RunAsync(node, "checks", "check", pods["refusing"].Ip, "8080"),
            RunAsync(node, "uploads", "upload", pods["refusing"].Ip, "8080"),
            RunAsync(node, "through-proxy", "idle", proxy.Ip, $"{ProxyPort}", "GET"),
            RunAsync(node, "redis-clients", "idle", pods[Redis].Ip, "6379", "PING"),
            node.RunPodAsync(WebImage.Pod("in-step", "node", "/web/clients.js", $"{proxy.Ip}/8002/8/1000", $"{proxy.Ip}/8003/8/1000", $"{proxy.Ip}/8004/8/1000")));

        var ends = DateTime.UtcNow + s_patience;
        for (var reload = 0; DateTime.UtcNow < ends && !(log.Has(Finding, Behind, "warning") && log.Has(Finding, Redis, "info") && log.Has("close-wait-leak", Pool, "info")); reload++)
        {
            await Task.Delay(s_reloads[reload % s_reloads.Length]);
            (await node.ExecAsync(pods["reloading"], "app", "nginx", "-c", "/tmp/nginx.conf", "-s", "reload")).Checked();
            (await node.ExecAsync(pods["graceful"], "app", "apache2", "-f", "/tmp/apache.conf", "-k", "graceful")).Checked();
        }

        Watched = log.All;
        (await node.ExecAsync(pods[Behind], "app", "sh", "-c", "echo 620000 >/tmp/keep; kill $(pgrep -x node)")).Checked();
        var repairedAt = DateTime.UtcNow;
        await Eventually.TrueAsync(
            "the finding goes with its cause",
            async () => (Repaired = await agent.ReportAsync()).Findings.All(
                static finding => finding.Severity == "info" && finding is not { Id: Finding, Name: Behind }),
            s_patience);
        Cleared = DateTime.UtcNow - repairedAt;
        RepairedText = await agent.GetAsync("/report");
    }

    private static Task<Pod> RunAsync(PodNode node, string name, params IReadOnlyList<string> arguments) =>
        node.RunPodAsync(WebImage.Pod(name, ["python3", "/web/lookalikes.py", .. arguments]));

    /// <summary>A server that closes its idle connections when it is told to read its configuration again.</summary>
    private static PodSpec Apache(string name) => WebImage.Pod(name, "sh", "-c", """
        mkdir -p /tmp/www && echo hello >/tmp/www/index.html
        m=/usr/lib/apache2/modules; printf '%s\n' 'ServerRoot /tmp' 'ServerName web' 'PidFile /tmp/apache.pid' 'Listen 8080' 'ErrorLog /dev/stderr' \
          "LoadModule mpm_event_module $m/mod_mpm_event.so" "LoadModule authz_core_module $m/mod_authz_core.so" "LoadModule dir_module $m/mod_dir.so" \
          'KeepAlive On' 'KeepAliveTimeout 620' 'DocumentRoot /tmp/www' >/tmp/apache.conf
        exec apache2 -f /tmp/apache.conf -DFOREGROUND
        """);

    /// <summary>A port that passes bytes on, and three that balance requests; all are checked with a reset at the end.</summary>
    private static PodSpec HaProxy(Pod behind, Pod limited, Pod reloading, Pod graceful) => WebImage.Pod("proxy", "sh", "-c", $"""
        cat >/tmp/haproxy.cfg <<'CFG'
        defaults
          timeout connect 5s
          timeout client 900s
          timeout server 900s
        listen bytes
          bind :{ProxyPort}
          mode tcp
          server one {behind.Ip}:8080 check inter 200ms
        listen limited
          bind :8002
          mode http
          server one {limited.Ip}:8080 check inter 200ms
        listen reloading
          bind :8003
          mode http
          server one {reloading.Ip}:8080 check inter 200ms
        listen graceful
          bind :8004
          mode http
          server one {graceful.Ip}:8080 check inter 200ms
        CFG
        exec haproxy -db -f /tmp/haproxy.cfg
        """);
}
