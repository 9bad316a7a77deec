using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Agent.Core.Model;
using Agent.Kubernetes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Agent.Benchmarks.Fleet;

/// <summary>What the watches of many agents cost an API server. The agents are their watchers, in this process; nodes are names.</summary>
internal sealed class FleetBenchmark : IBenchmark
{
    private const int Nodes = 50;
    private const int PodsANode = 110;
    private const int Patches = 400;
    private const int BytesOfText = 4_000;

    private static readonly string s_programs = Environment.GetEnvironmentVariable("CLOSEWATCH_KUBERNETES") ?? "/tmp/closewatch-lab/k8s";
    private static readonly int s_agents = int.Parse(Environment.GetEnvironmentVariable("CLOSEWATCH_BENCH_AGENTS") ?? "500", CultureInfo.InvariantCulture);
    private static readonly TimeSpan s_spread = TimeSpan.FromSeconds(2); // as RunCommand's
    private static readonly TimeSpan s_rest = TimeSpan.FromSeconds(60);

    public string Name => "fleet";

    public string Description => $"what the list and watch of {s_agents} agents cost a kube-apiserver";

    public string? Obstacle => File.Exists(Path.Combine(s_programs, "kube-apiserver")) && File.Exists(Path.Combine(s_programs, "etcd"))
        ? null
        : $"{s_programs} has no etcd and kube-apiserver: CLOSEWATCH_KUBERNETES says where they are";

    public bool Run(TextWriter output)
    {
        using var server = new ApiServer(s_programs);
        return RunAsync(server, output).GetAwaiter().GetResult();
    }

    private static async Task<bool> RunAsync(ApiServer server, TextWriter output)
    {
        await Parallel.ForEachAsync(
            Enumerable.Range(0, Nodes * PodsANode),
            new ParallelOptions { MaxDegreeOfParallelism = 8 },
            async (pod, _) => await server.SendAsync(HttpMethod.Post, "/api/v1/namespaces/default/pods", Pod(pod)));
        var list = await server.BytesAsync(ListOf(0));
        output.WriteLine(Line($"{Nodes * PodsANode:N0} pods; a list of {PodsANode} is {list / 1000:N0} kB, {list / PodsANode:N0} bytes a pod"));

        var idle = await RestAsync(server);
        var alone = await PatchAsync(server);
        var before = server.ResidentMiB;
        var ok = true;
        PodWatcher[] watchers = [];
        foreach (var time in (string[])["first", "again"])
        {
            await EndAsync(watchers);
            var cpu = server.Cpu;
            var clock = Stopwatch.StartNew();
            watchers = Watchers(server);
            await Task.WhenAll(watchers.Select(static watcher => watcher.StartAsync(CancellationToken.None)));
            await Task.WhenAll(watchers.Select(static watcher => watcher.FirstAttempt));
            var took = server.Cpu - cpu;
            var known = watchers.Count(static watcher => watcher.Current is { Status: SourceStatus.Ok, Pods.Length: PodsANode });
            ok &= known == s_agents;
            output.WriteLine(Line($"{s_agents} agents start within {s_spread.TotalSeconds} s, {time,-5}: {took.TotalSeconds:F1} s of CPU, {took.TotalMilliseconds / s_agents:F1} ms an agent; all listed after {clock.Elapsed.TotalSeconds:F1} s; {known} know their pods; {server.ResidentMiB:F0} MiB resident, {before:F0} before"));
        }

        var watched = await RestAsync(server);
        output.WriteLine(Line($"at rest: {idle:F1} ms of CPU a second without agents, {watched:F1} ms with them; {server.ResidentMiB:F0} MiB resident"));
        var shared = await PatchAsync(server);
        output.WriteLine(Line($"a change of a pod: {alone:F2} ms of CPU without agents, {shared:F2} ms with {s_agents / Nodes} agents of its node watching ({s_agents} in all)"));
        await EndAsync(watchers);
        return ok;
    }

    private static PodWatcher[] Watchers(ApiServer server) =>
    [
        .. Enumerable.Range(0, s_agents).Select(agent => new PodWatcher(
            new PodWatcherSettings(NodeOf(agent), server.Location, "") { StartSpread = s_spread, StartPatience = TimeSpan.Zero },
            TimeProvider.System,
            NullLogger<PodWatcher>.Instance)),
    ];

    private static async Task EndAsync(PodWatcher[] watchers)
    {
        await Task.WhenAll(watchers.Select(static watcher => watcher.StopAsync(CancellationToken.None)));
        foreach (var watcher in watchers)
        {
            watcher.Dispose();
        }
    }

    /// <returns>Milliseconds of CPU a second.</returns>
    private static async Task<double> RestAsync(ApiServer server)
    {
        var cpu = server.Cpu;
        var clock = Stopwatch.StartNew();
        await Task.Delay(s_rest);
        return (server.Cpu - cpu).TotalMilliseconds / clock.Elapsed.TotalSeconds;
    }

    /// <returns>Milliseconds of CPU a change.</returns>
    private static async Task<double> PatchAsync(ApiServer server)
    {
        var cpu = server.Cpu;
        for (var count = 0; count < Patches; count++)
        {
            await server.SendAsync(
                HttpMethod.Patch, $"/api/v1/namespaces/default/pods/{NameOf(count)}", Line($$$$"""{"metadata":{"labels":{"changed":"{{{{Stopwatch.GetTimestamp()}}}}"} } }"""), "application/merge-patch+json");
        }

        return (server.Cpu - cpu).TotalMilliseconds / Patches;
    }

    private static string ListOf(int node) => $"/api/v1/pods?fieldSelector=spec.nodeName%3D{NodeOf(node)}&resourceVersion=0";

    private static string NodeOf(int number) => Line($"node-{number % Nodes}");

    private static string NameOf(int pod) => Line($"service-{pod / 3}-7d9c6b5f8d-{pod:x5}");

    /// <summary>As large as pods are, mostly by their environment and annotations.</summary>
    private static string Pod(int number)
    {
        var environment = new JsonArray([.. Enumerable.Range(0, 20).Select(index => (JsonNode)new JsonObject { ["name"] = Line($"SETTING_{index}"), ["value"] = new string('v', BytesOfText / 40) })]);
        return new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = NameOf(number),
                ["labels"] = new JsonObject { ["app"] = Line($"service-{number / 3}"), ["pod-template-hash"] = "7d9c6b5f8d" },
                ["annotations"] = new JsonObject { ["example.com/notes"] = new string('n', BytesOfText / 2) },
            },
            ["spec"] = new JsonObject
            {
                ["nodeName"] = NodeOf(number),
                ["containers"] = new JsonArray(new JsonObject
                {
                    ["name"] = "app",
                    ["image"] = "registry.example/service:1",
                    ["env"] = environment,
                    ["ports"] = new JsonArray(new JsonObject { ["containerPort"] = 8080 }),
                    ["readinessProbe"] = new JsonObject { ["httpGet"] = new JsonObject { ["path"] = "/ready", ["port"] = 8080 } },
                }),
            },
        }.ToJsonString(JsonSerializerOptions.Default);
    }

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
