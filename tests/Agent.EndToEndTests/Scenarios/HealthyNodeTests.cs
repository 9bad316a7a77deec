using System.Globalization;
using Agent.EndToEndTests.Images;
using Agent.EndToEndTests.Kubernetes;
using Agent.EndToEndTests.Node;
using Agent.EndToEndTests.Reports;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>
/// A busy node where all is as it should be: thousands of connections opened and closed a minute, pools that both ends are
/// patient with, probes, servers that are replaced one after the other, each with time to drain, and all that only looks like trouble:
/// limits of requests, reloads, health checks that end with a reset, refused SYNs and uploads, streams, scans. Nobody is alarmed.
/// </summary>
/// <remarks>CLOSEWATCH_HEALTHY_SECONDS says for how long; 300 is what a person should try now and then.</remarks>
[Lasts(seconds: 65)]
public sealed class HealthyNodeTests(NodePool nodes) : NodeTest(nodes)
{
    private const string Service = "10.96.0.80";
    private const string PatientService = "10.96.0.81";
    private const int PooledConnections = 20;
    private const int FrontPort = 8000;
    private const int RequestsPerSecond = 80;

    // A tenth of what is asked for, for a machine that is busy with other things: at a load of 30 it was two thirds.
    private const int FewestPerSecond = RequestsPerSecond / 10;

    private static readonly TimeSpan s_duration = TimeSpan.FromSeconds(
        double.Parse(Environment.GetEnvironmentVariable("CLOSEWATCH_HEALTHY_SECONDS") ?? "40", CultureInfo.InvariantCulture));

    private static readonly TimeSpan s_betweenRestarts = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan s_preStop = TimeSpan.FromSeconds(6);

    [Fact]
    public async Task BusyNode_WhereAllIsWell_NothingAboveInfo()
    {
        await using var api = await NodeApi.StartAsync(Node, new Dictionary<string, int> { ["shop/deployments/web"] = 2 });
        List<Backend> backends = [await RunBackendAsync(api, 0), await RunBackendAsync(api, 1)];
        var front = await Node.RunPodAsync(Prepared(WebImage.Nginx("front", "include /tmp/upstream.conf;"), Upstream(backends)));
        api.Apply(new PodState(front) { Port = FrontPort, PreStopSeconds = (int)s_preStop.TotalSeconds });
        var patient = await Node.RunServerAsync(Patient("patient"));
        await PointServiceAsync(backends[0], patient);
        await Node.AnswersAsync(front.Ip, FrontPort);
        await using var agent = await NodeAgent.StartAsync(Node, api.Environment, "Collection:Interval=1s", "Pods:Source=kubernetes");
        await NodeApi.IsKnownToAsync(agent);
        await RunTrafficAsync("closing", front.Ip, $"{FrontPort}", $"{RequestsPerSecond}");
        await RunTrafficAsync("closing", Service, "80", "10");
        await RunTrafficAsync("pool", PatientService, "80", "12", "3000");
        await RunTrafficAsync("pool", patient.Ip, $"{WebImage.Port}", "8", "500");
        var reloading = await RunLookAlikesAsync(patient);
        await using var log = new FindingLog(agent);

        var ends = DateTime.UtcNow + s_duration;
        for (var number = 2; DateTime.UtcNow < ends; number++)
        {
            await Task.Delay(s_betweenRestarts, TestContext.Current.CancellationToken);
            (await Node.ExecAsync(reloading, "app", "nginx", "-c", "/tmp/nginx.conf", "-s", "reload")).Checked();
            await ReplaceAsync(api, backends, front, patient, number);
        }

        var answers = (await Node.OutputOfAsync(front, "app")).Split('\n').Where(line => line.StartsWith($"{FrontPort} ", StringComparison.Ordinal)).ToList();
        Assert.All(answers, answer => Assert.Equal($"{FrontPort} 200", answer));
        Assert.True(answers.Count > FewestPerSecond * s_duration.TotalSeconds, $"only {answers.Count} requests in {s_duration}");
        Assert.True(log.Reports > s_duration.TotalSeconds / 4, $"only {log.Reports} reports");
        Assert.Equal("ok", log.Last!.Source("kubernetes").GetProperty("status").GetString());
        FindingScore.AssertNothing(log.All.Where(finding => finding.Severity != "info").Select(finding => $"{finding.Severity} {finding.Id} {finding.Title} {string.Join(' ', finding.Evidence)}"));
        Assert.StartsWith("OK", await agent.GetAsync("/report"), StringComparison.Ordinal);
        TestContext.Current.TestOutputHelper?.WriteLine($"{answers.Count} requests, {log.Reports} reports, info: {string.Join(", ", log.All.Select(finding => $"{finding.Id} {finding.Name}"))}");
    }

    /// <summary>The configuration is there before nginx starts.</summary>
    private static PodSpec Prepared(PodSpec spec, string upstream) =>
        spec with { Containers = [spec.Containers[0] with { Command = ["sh", "-c", $"cat >/tmp/upstream.conf <<'CONF'\n{upstream}\nCONF\n{spec.Containers[0].Command[^1]}"] }] };

    private static string Upstream(IEnumerable<Backend> backends) => $$"""
        upstream web { {{string.Concat(backends.Select(backend => $"server {backend.State.Pod.Ip}:{WebImage.Port}; "))}} keepalive 32; keepalive_timeout 600s; }
        server {
          listen {{FrontPort}};
          keepalive_timeout 620s;
          location / { proxy_pass http://web; proxy_http_version 1.1; proxy_set_header Connection ""; }
        }
        """;

    private async Task<Backend> RunBackendAsync(NodeApi api, int number)
    {
        var pod = await Node.RunServerAsync(
            WebImage.Nginx($"web-{number}", $"server {{ listen {WebImage.Port}; keepalive_timeout 620s; location / {{ return 200 'hello\\n'; }} }}"));

        // Long enough for a busy machine: no kubelet ends here what is late.
        var state = new PodState(pod)
        {
            Workload = "Deployment/web",
            Port = WebImage.Port,
            GraceSeconds = 120,
            PreStopSeconds = (int)s_preStop.TotalSeconds,
        };
        return new(api.Apply(state), await RunTrafficAsync("closing", pod.Ip, $"{WebImage.Port}", "1"));
    }

    private Task<Pod> RunTrafficAsync(params IReadOnlyList<string> arguments) =>
        Node.RunPodAsync(WebImage.Pod($"traffic-{Guid.NewGuid():N}"[..16], ["node", "/web/traffic.js", .. arguments]));

    /// <summary>As a Deployment does it: the new one first, then nobody is sent to the old one, which goes on serving for a while and then drains.</summary>
    private async Task ReplaceAsync(NodeApi api, List<Backend> backends, Pod front, Pod patient, int number)
    {
        backends.Add(await RunBackendAsync(api, number));
        var (state, prober) = backends[0];
        var old = api.Apply(state with { DeletedAt = DateTimeOffset.UtcNow });
        backends.RemoveAt(0);
        await PointServiceAsync(backends[0], patient);
        var reload = $"cat >/tmp/upstream.conf <<'CONF'\n{Upstream(backends)}\nCONF\nexec nginx -c /tmp/nginx.conf -s reload";
        (await Node.ExecAsync(front, "app", "sh", "-c", reload)).Checked();

        await Task.Delay(s_preStop, TestContext.Current.CancellationToken);

        // Where the server is quick, it takes the process that told it along (137).
        await Node.ExecAsync(old.Pod, "app", "nginx", "-c", "/tmp/nginx.conf", "-s", "quit");
        await Eventually.TrueAsync($"{old.Pod.Name} has ended", async () =>
            (await Node.Runtime.GetContainerStatusAsync(old.Pod.ContainerIds["app"], TestContext.Current.CancellationToken)).State == Cri.ContainerState.Exited);
        await Node.RemovePodAsync(old.Pod);
        await Node.RemovePodAsync(prober);
        api.Delete(old);
    }

    /// <summary>New connections to the Service go to this pod; those that exist stay where they are.</summary>
    private async Task PointServiceAsync(Backend backend, Pod patient) => (await Node.RunWithInputAsync(
        $"*nat\n:KUBE-SERVICES -\n{Rule(Service, backend.State.Pod)}{Rule(PatientService, patient)}COMMIT\n",
        "iptables-restore",
        "--noflush")).Checked();

    private static string Rule(string service, Pod pod) =>
        $"-A KUBE-SERVICES -d {service} -p tcp --dport 80 -j DNAT --to-destination {pod.Ip}:{WebImage.Port}\n";

    /// <summary>What looks like trouble and is none, as in <see cref="LookAlikeScene"/>; gives the server that is to be reloaded now and then.</summary>
    private async Task<Pod> RunLookAlikesAsync(Pod patient)
    {
        var pods = (await Task.WhenAll(
            Node.RunServerAsync(Patient("limited", "keepalive_requests 3;")),
            Node.RunServerAsync(Patient("reloading")),
            Node.RunServerAsync(Patient("impatient", "client_header_timeout 2s; client_max_body_size 1k;")),
            Node.RunServerAsync(WebImage.Nginx("closing", "server { listen 8080; keepalive_timeout 1s; location / { return 200 'hello\n'; } }")),
            Node.RunPodAsync(WebImage.Pod("trickle", "python3", "/web/lookalikes.py", "trickle", "9000")))).ToDictionary(static pod => pod.Name);
        var proxy = await Node.RunServerAsync(
            WebImage.HaProxy("proxy", string.Concat(
                Balance(8001, pods["limited"]), Balance(8002, pods["reloading"]), Balance(8003, patient))),
            8001);
        await Task.WhenAll(
            LookAlikeAsync("pool", pods["closing"].Ip, "8080", $"{PooledConnections}"),
            LookAlikeAsync("listen", pods["trickle"].Ip, "9000", "12"),
            LookAlikeAsync("check", pods["impatient"].Ip, "8080"),
            LookAlikeAsync("upload", pods["impatient"].Ip, "8080"),
            LookAlikeAsync("idle", pods["impatient"].Ip, "8080", "GET"),
            LookAlikeAsync("idle", pods["impatient"].Ip, "8080", "GET / HTTP/1.1"),
            RunTrafficAsync("pool", pods["limited"].Ip, "8080", "8", "500"),
            RunTrafficAsync("closing", proxy.Ip, "8001", "4"),
            RunTrafficAsync("closing", proxy.Ip, "8002", "4"),
            RunTrafficAsync("closing", proxy.Ip, "8003", "4"));
        return pods["reloading"];
    }

    // A connection for each request: a request on one that a reload is just closing would be lost indeed.
    private static string Balance(int port, Pod pod) =>
        $"listen to{port}\n  bind :{port}\n  option http-server-close\n  server one {pod.Ip}:{WebImage.Port} check inter 200ms\n";

    private Task<Pod> LookAlikeAsync(params IReadOnlyList<string> arguments) =>
        Node.RunPodAsync(WebImage.Pod($"alike-{Guid.NewGuid():N}"[..16], ["python3", "/web/lookalikes.py", .. arguments]));

    private static PodSpec Patient(string name, string settings = "") =>
        WebImage.Nginx(name, $"server {{ listen {WebImage.Port}; keepalive_timeout 620s; {settings} location / {{ return 200 'hello\n'; }} }}");

    /// <summary>A server, and the client that probes it.</summary>
    private sealed record Backend(PodState State, Pod Prober);
}
