using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Agent.EndToEndTests.Images;
using Agent.EndToEndTests.Kernel;
using Agent.EndToEndTests.Node;
using Agent.EndToEndTests.Reports;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>
/// Real servers behind real load balancers, whose logs say which requests failed: lost between an idle close and the next request, with and
/// without TLS, by kill -9, by a worker's time-out. Beside them what is no lost request: clients that give up, health checks that end with
/// a reset, refused connections and uploads.
/// </summary>
public sealed class ExactEndsScene(NodePool nodes) : NodeScene(nodes)
{
    public const string Busy = "node-busy";
    public const string BusyTls = "node-busy-tls";
    public const string Killed = "node-killed";
    public const string Slow = "node-slow";
    public const string Stuck = "gunicorn-stuck";
    public const string Python = "gunicorn";
    public const string Meshed = "node-meshed";
    public const string OnHost = "node-on-host";
    public const string Idle = "idle";
    public const string Refusing = "refusing";

    /// <summary>Requests in work when the server is killed.</summary>
    public const int InWork = 7;

    /// <summary>Requests for which the load balancer waits two seconds, and the server takes four.</summary>
    public const int Waiting = 3;

    private const string Keep = "keepalive 32; keepalive_timeout 600s;";

    // Closes 1.5 s after the last request (Node.js 20 adds a second), and is blocked from 1.3 to 2.2 s: the next requests come at 1.5 s.
    private static readonly string[] s_busy = ["500", "0", "1300", "900"];

    private static readonly TimeSpan s_patience = ScanInterval.Patience(TimeSpan.FromSeconds(60));

    /// <summary>How long the clients go on: three bursts that meet a close.</summary>
    private static readonly TimeSpan s_traffic = TimeSpan.FromSeconds(12);

    private readonly Dictionary<string, long> _failed = [];

    /// <summary>What the agent says in the end.</summary>
    public NodeReport Report { get; private set; } = null!;

    /// <summary>What <c>closewatch trace</c> printed, which listened itself.</summary>
    public IReadOnlyList<JsonElement> Trace { get; private set; } = [];

    /// <summary>What the server with a clock of its own measured, by port.</summary>
    public ILookup<int, (double Least, double Most)> IdleSeconds { get; private set; } = null!;

    /// <summary>Of the load balancers' logs, by server: 502, no answer.</summary>
    public IReadOnlyDictionary<string, long> Failed => _failed;

    /// <summary>Of the load balancer's log: 504, it gave up waiting.</summary>
    public int GaveUp { get; private set; }

    protected override async Task PlayAsync(PodNode node)
    {
        var pods = (await Task.WhenAll(
            node.RunServerAsync(WebImage.NodeServer(Busy, s_busy)),
            node.RunPodAsync(Tls(WebImage.NodeServer(BusyTls, s_busy))),
            node.RunPodAsync(WithProxy(WebImage.NodeServer(Meshed, s_busy))),
            node.RunPodAsync(WebImage.NodeServer(OnHost, s_busy) with { HostNetwork = true }),
            node.RunServerAsync(WebImage.Pod(Killed, "sh", "-c", "node /web/server.js 5000 40000 & echo $! >/tmp/pid; wait; sleep 600")),
            node.RunServerAsync(WebImage.NodeServer(Slow, "5000", "4000")),
            node.RunPodAsync(Gunicorn(Stuck, "time.sleep(60)", "--worker-class sync --timeout 2")),
            node.RunServerAsync(Gunicorn(Python, "", "--worker-class gthread --threads 16 --keep-alive 1")),
            node.RunPodAsync(WebImage.Pod(Idle, "python3", "/web/ends.py", "serve", "8080", "0.3", "1")),
            node.RunServerAsync(WebImage.Nginx(Refusing, "server { listen 8080; client_max_body_size 1k; location / { return 200; } }"))))
            .ToDictionary(pod => pod.Name);
        foreach (var pod in pods.Values)
        {
            await Eventually.TrueAsync($"{pod.Name} listens", async () => (await node.GetQueuesAsync(pod)).Count > 0, s_patience);
        }

        var nginx = await node.RunPodAsync(WebImage.Nginx("nginx", string.Join('\n',
            NginxTo(8001, pods[Busy], "http"), NginxTo(8002, pods[BusyTls], "https"), NginxTo(8003, pods[Killed], "http"),
            NginxTo(8004, pods[Slow], "http", "proxy_read_timeout 2s;"), NginxTo(8005, pods[OnHost], "http"))));
        var haProxy = await node.RunPodAsync(WebImage.HaProxy("haproxy", HaProxyTo(8001, pods[Python], "check inter 500ms") + HaProxyTo(8002, pods[Stuck], "")));
        foreach (var pod in (Pod[])[nginx, haProxy])
        {
            await Eventually.TrueAsync(
                $"{pod.Name} listens", async () => (await node.GetSocketsAsync(pod)).Count(socket => socket.State == "listen") >= 2, s_patience);
        }

        await using var agent = await NodeAgent.StartAsync(node, "Collection:Interval=2s", "Collection:CpuBudgetPercent=100");
        await agent.ReadyAsync();
        await using var trace = new RunningTrace(node, "--namespace", "shop");
        await Eventually.TrueAsync("the trace listens", async () => trace.Lines.Count > 0 || await KnockAsync(node, pods[Python]), s_patience);
        var begin = Stopwatch.StartNew();

        var clients = await node.RunPodAsync(WebImage.Pod(
            "clients", "node", "/web/clients.js", $"{nginx.Ip}/8001/8,8/1500,3500", $"{nginx.Ip}/8002/8,8/1500,3500", $"{nginx.Ip}/8003/{InWork}/600000",
            $"{pods[Meshed].Ip}/8001/8,8/1500,3500", $"{nginx.Ip}/8005/8,8/1500,3500", $"{nginx.Ip}/8004/{Waiting}/600000", $"{haProxy.Ip}/8001/8,2/700,1700", $"{haProxy.Ip}/8002/1/600000"));
        var driving = node.RunAsync("/usr/bin/python3", Repository.PathOf("tests/Agent.EndToEndTests/Images/ends.py"), "drive", pods[Idle].Ip, pods[Refusing].Ip);
        await Eventually.TrueAsync(
            "the requests are in work", async () => (await node.OutputOfAsync(pods[Killed], "app")).Split('\n').Count(line => line == "in work") >= InWork, s_patience);
        (await node.ExecAsync(pods[Killed], "app", "sh", "-c", "kill -9 $(cat /tmp/pid)")).Checked();
        (await driving).Checked();

        await Eventually.TrueAsync(
            "the idle closes have met requests",
            async () => begin.Elapsed >= s_traffic && (await node.OutputOfAsync(nginx, "app")).Split('\n') is var log && log.Contains("8001 502") && log.Contains("8002 502") && log.Contains("8005 502")
                && (await node.OutputOfAsync(pods[Meshed], "proxy")).Contains("8001 502", StringComparison.Ordinal)
                && (await node.OutputOfAsync(haProxy, "app")).Contains("8002 502", StringComparison.Ordinal),
            s_patience);
        // A request whose client goes away meanwhile is lost at the server and is no failure in the log.
        (await node.ExecAsync(clients, "app", "sh", "-c", "kill -USR2 $(pgrep -x node)")).Checked();
        await Eventually.TrueAsync("each request has its answer", async () => (await node.OutputOfAsync(clients, "app")).Contains("rests", StringComparison.Ordinal), s_patience);
        await node.RemovePodAsync(clients);
        Report = await SettledAsync(agent);
        await trace.EndAsync();
        Trace = [.. trace.Lines.Select(line => JsonDocument.Parse(line).RootElement)];
        ReadLogs(await node.OutputOfAsync(nginx, "app"), await node.OutputOfAsync(haProxy, "app"));
        _failed[Meshed] = (await node.OutputOfAsync(pods[Meshed], "proxy")).Split('\n').Count(line => line == "8001 502");
        IdleSeconds = (await node.OutputOfAsync(pods[Idle], "app")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '))
            .ToLookup(words => int.Parse(words[0], CultureInfo.InvariantCulture), words => (Seconds(words[1]), Seconds(words[2])));
    }

    /// <summary>A connection that ends, for the trace to show something.</summary>
    /// <returns>False.</returns>
    private static async Task<bool> KnockAsync(PodNode node, Pod pod)
    {
        (await node.RunAsync("bash", "-c", $"exec 3<>/dev/tcp/{pod.Ip}/8080")).Checked();
        return false;
    }

    /// <summary>A scan that shows what the one before it showed.</summary>
    private static async Task<NodeReport> SettledAsync(NodeAgent agent)
    {
        var before = await agent.ReportAsync();
        while (true)
        {
            await Eventually.TrueAsync("another scan", async () => (await agent.ReportAsync()).TakenAt > before.TakenAt, s_patience);
            var report = await agent.ReportAsync();
            if (Lost(report) == Lost(before))
            {
                return report;
            }

            before = report;
        }
    }

    private static string Lost(NodeReport report) => string.Join('\n', report.Pods.Where(pod => pod.TryGetProperty("requestsLost", out _)).Select(pod => pod.GetProperty("requestsLost").GetRawText()));

    private static double Seconds(string word) => double.Parse(word, CultureInfo.InvariantCulture);

    private void ReadLogs(string nginx, string haProxy)
    {
        (string Line, string Server)[] failures =
            [("8001 502", Busy), ("8002 502", BusyTls), ("8003 502", Killed), ("8004 502", Slow), ("8005 502", OnHost)];
        var lines = nginx.Split('\n');
        foreach (var (line, server) in failures)
        {
            _failed[server] = lines.Count(candidate => candidate == line);
        }

        _failed[Python] = haProxy.Split('\n').Count(line => line == "8001 502");
        _failed[Stuck] = haProxy.Split('\n').Count(line => line == "8002 502");
        GaveUp = lines.Count(line => line == "8004 504");
    }

    /// <summary>As a mesh has it: what comes in goes through a proxy of the same pod, which calls the server by the loopback.</summary>
    private static PodSpec WithProxy(PodSpec server) =>
        server with { Containers = [server.Containers[0], WebImage.Nginx("", NginxTo(8001, "127.0.0.1", "http")).Containers[0] with { Name = "proxy" }] };

    private static string NginxTo(int port, Pod pod, string scheme, string more = "") => NginxTo(port, pod.Ip, scheme, more);

    private static string NginxTo(int port, string address, string scheme, string more = "") => $$"""
        upstream u{{port}} { server {{address}}:8080; {{Keep}} }
        server {
          listen {{port}};
          location / { proxy_pass {{scheme}}://u{{port}}; proxy_http_version 1.1; proxy_set_header Connection ""; {{more}} }
        }
        """;

    private static string HaProxyTo(int port, Pod pod, string check) => $"""
        listen l{port}
          bind :{port}
          server s {pod.Ip}:8080 {check}

        """;

    private static PodSpec Gunicorn(string name, string work, string arguments) => WebImage.Pod(name, "sh", "-c", $"""
        cat >/tmp/app.py <<'APP'
        import time
        def app(environ, start_response):
            environ['wsgi.input'].read()
            {work}
            start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', '6')])
            return [b'hello\n']
        APP
        exec gunicorn --chdir /tmp --worker-tmp-dir /tmp {arguments} --bind 0.0.0.0:8080 app:app
        """);

    private static PodSpec Tls(PodSpec server)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=web", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var environment = new Dictionary<string, string>
        {
            ["TLS_KEY"] = key.ExportPkcs8PrivateKeyPem(),
            ["TLS_CERTIFICATE"] = certificate.ExportCertificatePem(),
        };
        return server with { Containers = [server.Containers[0] with { Environment = environment }] };
    }
}
