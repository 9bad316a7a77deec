using Agent.EndToEndTests.Images;
using Agent.EndToEndTests.Kubernetes;
using Agent.EndToEndTests.Node;
using Agent.EndToEndTests.Reports;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>
/// Pods that begin, fail and end in all the ways that cost requests, all at the same time: real ones, with what an API
/// server would say of them. Watched by an agent that may ask it, and by one that has none to ask.
/// </summary>
public sealed class PodLifeScene(NodePool nodes) : NodeScene(nodes)
{
    private static readonly TimeSpan s_patience = ScanInterval.Patience(TimeSpan.FromSeconds(100));

    private static readonly Dictionary<string, int> s_replicas = new()
    {
        ["shop/deployments/dead"] = 2,
        ["shop/deployments/twins"] = 2,
        ["shop/deployments/spread"] = 3,
    };

    private PodNode _node = null!;
    private Pod _clients = null!;
    private NodeApi _api = null!;
    private FindingLog _log = null!;
    private FindingLog _logAlone = null!;

    /// <summary>What the agent that may ask the API server has shown.</summary>
    public IReadOnlyCollection<ReportedFinding> Findings { get; private set; } = [];

    /// <summary>What the one without has shown.</summary>
    public IReadOnlyCollection<ReportedFinding> WithoutApi { get; private set; } = [];

    /// <summary>Its last report.</summary>
    public NodeReport ReportWithoutApi { get; private set; } = null!;

    protected override async Task PlayAsync(PodNode node)
    {
        _node = node;
        await using var api = _api = await NodeApi.StartAsync(node, s_replicas);
        _clients = await RunClientAsync("all");
        await Task.WhenAll(
            RunAsync("healthy", 3),
            RunAsync("unprepared", 2, state => state with { PreStopSeconds = null }),
            RunAsync("tight", 2, state => state with { PreStopSeconds = 30, GraceSeconds = 35 }),
            RunAsync("cut-short", 2, state => state with { PreStopSeconds = 30, GraceSeconds = 30 }),
            RunAsync("probeless", 1, state => state with { HasProbes = false }),
            RunAsync("restarted-once", 1, state => state with { Restarts = 5, RestartedAt = DateTimeOffset.UtcNow.AddHours(-3) }),
            RunAsync("starting", 0, state => (state with { StartedAt = DateTimeOffset.UtcNow }).Ready(false)),
            RunAsync("dead-1", 0, NeverReady),
            RunAsync("dead-2", 0, NeverReady),
            RunAsync("twins-1", 1, state => state with { Workload = "Deployment/twins" }),
            RunAsync("twins-2", 1, state => state with { Workload = "Deployment/twins" }),
            RunAsync("spread-1", 1, state => state with { Workload = "Deployment/spread" }),
            RunAsync("spread-2", 1, state => state with { Workload = "Deployment/spread" }),
            RunAsync("database-0", 1, state => state with { Workload = "StatefulSet/database" }),
            RunAsync("database-1", 1, state => state with { Workload = "StatefulSet/database" }));
        var stay = await Task.WhenAll(
            RunAsync("not-ready", 2),
            RunAsync("flapping", 2),
            RunAsync("crashing", 2),
            RunAsync("draining", 5, state => state with { PreStopSeconds = null }),
            RunAsync("draining-prepared", 4));
        var end = await Task.WhenAll(
            RunWithClientAsync("overdue", 7, state => state with { PreStopSeconds = 2, GraceSeconds = 14 }),
            RunWithClientAsync("cut-off", 4, state => state with { PreStopSeconds = null }),
            RunWithClientAsync("drained", 6),
            RunWithClientAsync("ended-early", 3));
        await using var agent = await NodeAgent.StartAsync(node, api.Environment, "Collection:Interval=2s", "Pods:Source=kubernetes");
        await using var alone = await NodeAgent.StartAsync(node, "Collection:Interval=2s", "Pods:Source=kubernetes");
        await Task.WhenAll(NodeApi.IsKnownToAsync(agent), alone.ReadyAsync());
        await using var log = _log = new FindingLog(agent);
        await using var logAlone = _logAlone = new FindingLog(alone);

        await Task.WhenAll(
            NotReadyAsync(stay[0]),
            FlappingAsync(stay[1]),
            CrashingAsync(stay[2]),
            DrainingAsync(stay[3]),
            DrainingPreparedAsync(stay[4]),
            OverdueAsync(end[0]),
            CutOffAsync(end[1]),
            DrainedAsync(end[2]),
            EndedEarlyAsync(end[3]),
            ShownAsync("pod-not-ready", "starting", "info"),
            ShownAsync("pod-not-ready", "dead-1", "critical"),
            ShownAsync("pod-not-ready", "dead-2", "critical"),
            ShownAsync("replicas-colocated", "dead-1", "info"),
            ShownAsync("replicas-colocated", "twins-1", "info"));
        Findings = log.All;
        WithoutApi = logAlone.All;
        ReportWithoutApi = logAlone.Last!;
    }

    private static string ClientOf(string name) => $"client-of-{name}";

    private static PodState NeverReady(PodState state) => state with { Workload = "Deployment/dead", IsReady = false, ReadyChangedAt = state.StartedAt };

    private Task<Pod> RunClientAsync(string server) =>
        _node.RunPodAsync(new PodSpec("shop", ClientOf(server), new ContainerSpec("app", TestImages.Peer, "pause")));

    /// <summary>A server, which holds all its connections in one process so that they end at once; its clients are in the pod of all.</summary>
    private Task<PodState> RunAsync(string name, int connections, Func<PodState, PodState>? change = null) => RunAsync(name, _clients, connections, change);

    /// <summary>A server, and a pod for its clients alone, which can end with it.</summary>
    private async Task<(PodState State, Pod Client)> RunWithClientAsync(string name, int connections, Func<PodState, PodState>? change = null)
    {
        var client = await RunClientAsync(name);
        return (await RunAsync(name, client, connections, change), client);
    }

    private async Task<PodState> RunAsync(string name, Pod client, int connections, Func<PodState, PodState>? change)
    {
        var state = new PodState(await _node.RunPodAsync(new PodSpec("shop", name, new ContainerSpec("app", TestImages.Peer, "serve", "0.0.0.0", "9000"))));
        await OpenAsync(state, client, connections);
        return _api.Apply(change?.Invoke(state) ?? state);
    }

    private async Task OpenAsync(PodState server, Pod client, int connections)
    {
        if (connections > 0)
        {
            (await _node.ExecAsync(client, "app", "/bin/peer", "open", "hold", server.Pod.Ip, "9000", $"{connections}")).Checked();
        }
    }

    private Task ShownAsync(string id, string name, string severity) =>
        Eventually.TrueAsync($"{id} of {name} is {severity}", () => Task.FromResult(_log.Has(id, name, severity)), s_patience);

    /// <summary>Each agent scans by itself.</summary>
    private async Task LostAsync(string name, string severity)
    {
        await ShownAsync("connections-lost-at-termination", name, severity);
        await Eventually.TrueAsync(
            $"connections-lost-at-termination of {name} is shown without the API, too",
            () => Task.FromResult(_logAlone.Has("connections-lost-at-termination", name, "info")),
            s_patience);
    }

    private PodState AskToEnd(PodState state) => _api.Apply(state with { DeletedAt = DateTimeOffset.UtcNow });

    /// <summary>Ends a pod for good, and its clients, which would have to open new connections elsewhere.</summary>
    private async Task EndAsync(PodState state, Pod client)
    {
        await _node.RemovePodAsync(state.Pod);
        await _node.RemovePodAsync(client);
        _api.Delete(state);
    }

    private async Task NotReadyAsync(PodState state)
    {
        _api.Apply(state.Ready(false));
        await ShownAsync("pod-not-ready", "not-ready", "warning");
    }

    private async Task FlappingAsync(PodState state)
    {
        for (var i = 0; i < 2; i++)
        {
            _api.Apply(state.Ready(false));
            await ReadyIsAsync(state, false);
            await ShownAsync("pod-not-ready", "flapping", "warning");
            _api.Apply(state.Ready(true));
            await ReadyIsAsync(state, true);
        }

        await ShownAsync("readiness-flapping", "flapping", "warning");
    }

    private Task ReadyIsAsync(PodState state, bool isReady) => Eventually.TrueAsync(
        $"{state.Pod.Name} is seen to be {(isReady ? "ready" : "unready")}",
        () => Task.FromResult(_log.Last is { } report && report.Pod(state.Pod).TryGetProperty("ready", out var ready) && ready.GetBoolean() == isReady),
        s_patience);

    private async Task CrashingAsync(PodState state)
    {
        for (var restarts = 1; restarts <= 3; restarts++)
        {
            _api.Apply(state with { Restarts = restarts, RestartedAt = DateTimeOffset.UtcNow });
            await ShownAsync("container-restarting", "crashing", restarts == 3 ? "critical" : "warning");
        }
    }

    private async Task DrainingAsync(PodState state)
    {
        AskToEnd(state);
        await ShownAsync("terminating-with-connections", "draining", "warning");

        // It has not stopped to listen, and clients still find it.
        await OpenAsync(state, _clients, 2);
        await Eventually.TrueAsync(
            "the new connections are told of",
            () => Task.FromResult(_log.Says("terminating-with-connections", "draining", "It still listens, and 2 connections were opened to it")),
            s_patience);
    }

    private async Task DrainingPreparedAsync(PodState state)
    {
        AskToEnd(state);
        await ShownAsync("terminating-with-connections", "draining-prepared", "info");
    }

    private async Task OverdueAsync((PodState State, Pod Client) pod)
    {
        var state = AskToEnd(pod.State);
        await ShownAsync("terminating-with-connections", "overdue", "critical");
        if (state.EndsAt - DateTimeOffset.UtcNow is { } left && left > TimeSpan.Zero)
        {
            await Task.Delay(left);
        }

        await EndAsync(state, pod.Client);
        await LostAsync("overdue", "critical");
    }

    private async Task CutOffAsync((PodState State, Pod Client) pod)
    {
        var state = AskToEnd(pod.State);
        await ShownAsync("terminating-with-connections", "cut-off", "warning");
        await EndAsync(state, pod.Client);
        await LostAsync("cut-off", "warning");
    }

    private async Task DrainedAsync((PodState State, Pod Client) pod)
    {
        var state = AskToEnd(pod.State);
        await ShownAsync("terminating-with-connections", "drained", "info");
        await _node.RemovePodAsync(pod.Client);
        await Eventually.TrueAsync(
            "drained has no connection", () => Task.FromResult(Established(_log, state.Pod) == 0 && Established(_logAlone, state.Pod) == 0), s_patience);
        await _node.RemovePodAsync(state.Pod);
        _api.Delete(state);
    }

    private static int Established(FindingLog log, Pod pod) => ReportAssert.Number(log.Last!.Pod(pod).GetProperty("tcp"), "established");

    private async Task EndedEarlyAsync((PodState State, Pod Client) pod)
    {
        var state = AskToEnd(pod.State);
        await ShownAsync("terminating-with-connections", "ended-early", "info");
        await EndAsync(state, pod.Client);
        await LostAsync("ended-early", "info");
    }
}
