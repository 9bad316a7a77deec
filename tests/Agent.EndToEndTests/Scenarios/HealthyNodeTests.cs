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
/// patient with, probes, and servers that are replaced one after the other, each with time to drain. Nobody is alarmed.
/// </summary>
/// <remarks>CLOSEWATCH_HEALTHY_SECONDS says for how long; 300 is what a person should try now and then.</remarks>
[Lasts(seconds: 60)]
public sealed class HealthyNodeTests(NodePool nodes) : NodeTest(nodes)
{
    private const string Service = "10.96.0.80";
    private const int FrontPort = 8000;
    private const int RequestsPerSecond = 80;

    // A quarter of what is asked for, for a machine that is busy with other things.
    private const int FewestPerSecond = RequestsPerSecond / 4;

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
        await PointServiceAsync(backends[0]);
        await Node.AnswersAsync(front.Ip, FrontPort);
        await using var agent = await NodeAgent.StartAsync(Node, api.Environment, "Collection:Interval=1s", "Pods:Source=kubernetes");
        await NodeApi.IsKnownToAsync(agent);
        await RunTrafficAsync("closing", front.Ip, $"{FrontPort}", $"{RequestsPerSecond}");
        await RunTrafficAsync("pool", Service, "80", "12", "3000");
        await RunTrafficAsync("pool", front.Ip, $"{FrontPort}", "8", "500");
        await using var log = new FindingLog(agent);

        var ends = DateTime.UtcNow + s_duration;
        for (var number = 2; DateTime.UtcNow < ends; number++)
        {
            await Task.Delay(s_betweenRestarts, TestContext.Current.CancellationToken);
            await ReplaceAsync(api, backends, front, number);
        }

        var answers = (await Node.OutputOfAsync(front, "app")).Split('\n').Where(line => line.StartsWith($"{FrontPort} ", StringComparison.Ordinal)).ToList();
        Assert.All(answers, answer => Assert.Equal($"{FrontPort} 200", answer));
        Assert.True(answers.Count > FewestPerSecond * s_duration.TotalSeconds, $"only {answers.Count} requests in {s_duration}");
        Assert.True(log.Reports > s_duration.TotalSeconds / 4, $"only {log.Reports} reports");
        Assert.Equal("ok", log.Last!.Source("kubernetes").GetProperty("status").GetString());
        FindingScore.AssertNothing(log.All.Where(finding => finding.Severity != "info").Select(finding => $"{finding.Severity} {finding.Id} {finding.Title} {string.Join(' ', finding.Evidence)}"));
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
        var state = new PodState(pod) { Workload = "Deployment/web", Port = WebImage.Port, GraceSeconds = 30, PreStopSeconds = (int)s_preStop.TotalSeconds };
        return new(api.Apply(state), await RunTrafficAsync("closing", pod.Ip, $"{WebImage.Port}", "1"));
    }

    private Task<Pod> RunTrafficAsync(params IReadOnlyList<string> arguments) =>
        Node.RunPodAsync(WebImage.Pod($"traffic-{Guid.NewGuid():N}"[..16], ["node", "/web/traffic.js", .. arguments]));

    /// <summary>As a Deployment does it: the new one first, then nobody is sent to the old one, which goes on serving for a while and then drains.</summary>
    private async Task ReplaceAsync(NodeApi api, List<Backend> backends, Pod front, int number)
    {
        backends.Add(await RunBackendAsync(api, number));
        var (state, prober) = backends[0];
        var old = api.Apply(state with { DeletedAt = DateTimeOffset.UtcNow });
        backends.RemoveAt(0);
        await PointServiceAsync(backends[0]);
        var reload = $"cat >/tmp/upstream.conf <<'CONF'\n{Upstream(backends)}\nCONF\nexec nginx -c /tmp/nginx.conf -s reload";
        (await Node.ExecAsync(front, "app", "sh", "-c", reload)).Checked();

        await Task.Delay(s_preStop, TestContext.Current.CancellationToken);
        (await Node.ExecAsync(old.Pod, "app", "nginx", "-c", "/tmp/nginx.conf", "-s", "quit")).Checked();
        await Eventually.TrueAsync($"{old.Pod.Name} has ended", async () =>
            (await Node.Runtime.GetContainerStatusAsync(old.Pod.ContainerIds["app"], TestContext.Current.CancellationToken)).State == Cri.ContainerState.Exited);
        await Node.RemovePodAsync(old.Pod);
        await Node.RemovePodAsync(prober);
        api.Delete(old);
    }

    /// <summary>New connections to the Service go to this pod; those that exist stay where they are.</summary>
    private async Task PointServiceAsync(Backend backend) => (await Node.RunWithInputAsync(
        $"*nat\n:KUBE-SERVICES -\n-A KUBE-SERVICES -d {Service} -p tcp --dport 80 -j DNAT --to-destination {backend.State.Pod.Ip}:{WebImage.Port}\nCOMMIT\n",
        "iptables-restore",
        "--noflush")).Checked();

    /// <summary>A server, and the client that probes it.</summary>
    private sealed record Backend(PodState State, Pod Prober);
}
