using System.Globalization;
using System.Net;
using Agent.EndToEndTests.Node;
using Agent.EndToEndTests.Reports;
using Agent.Tests.Kubernetes.Testing;
using Microsoft.AspNetCore.Http;

namespace Agent.EndToEndTests.Kubernetes;

/// <summary>
/// An API server on the node's loopback that says of the node's pods what a test makes it say: one list, then a watch, as
/// those of Kubernetes do. A program of the node finds it and its credentials as one in a pod does.
/// </summary>
internal sealed class NodeApi : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, PodState> _pods = [];
    private readonly List<string> _events = [];
    private readonly string _serviceAccount;
    private readonly IReadOnlyDictionary<string, int> _replicas;
    private FakeApiServer? _server;
    private TaskCompletionSource _changed = NewSignal();

    private NodeApi(string serviceAccount, IReadOnlyDictionary<string, int> replicas)
    {
        _serviceAccount = serviceAccount;
        _replicas = replicas;
    }

    /// <summary>Tells a program where to ask.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["KUBERNETES_SERVICE_HOST"] = Server.Address.Host,
        ["KUBERNETES_SERVICE_PORT"] = Server.Address.Port.ToString(CultureInfo.InvariantCulture),
    };

    private FakeApiServer Server => _server ?? throw new InvalidOperationException("it is made by StartAsync");

    /// <param name="node">Where.</param>
    /// <param name="replicas">spec.replicas by path, for example <c>shop/deployments/web</c>. What is not in it may not be asked for.</param>
    public static async Task<NodeApi> StartAsync(PodNode node, IReadOnlyDictionary<string, int> replicas)
    {
        using var authority = TestCertificates.Authority("kubernetes");
        var serviceAccount = ServiceAccountOf(node);
        Directory.CreateDirectory(serviceAccount);
        await File.WriteAllTextAsync(Path.Combine(serviceAccount, "token"), "of-the-tests");
        await File.WriteAllTextAsync(Path.Combine(serviceAccount, "ca.crt"), authority.ExportCertificatePem());
        var certificate = TestCertificates.Server(authority, IPAddress.Loopback);
        var api = new NodeApi(serviceAccount, replicas);
        api._server = await FakeApiServer.StartAsync(certificate, () => node.Bind(new IPEndPoint(IPAddress.Loopback, 0)));
        api._server.Otherwise = api.AnswerAsync;
        return api;
    }

    /// <summary>Waits until an agent follows this, and does not complain any more that it could not at its first scan.</summary>
    public static async Task IsKnownToAsync(NodeAgent agent)
    {
        await agent.ReadyAsync();
        await Eventually.TrueAsync("the agent follows the API server", async () => IsWell(await agent.ReportAsync()), s_patience);
    }

    /// <summary>This is so from now on; watchers are told.</summary>
    public PodState Apply(PodState pod)
    {
        lock (_lock)
        {
            Tell(_pods.ContainsKey(pod.Pod.Uid) ? "MODIFIED" : "ADDED", pod);
            return _pods[pod.Pod.Uid] = pod;
        }
    }

    /// <summary>The pod is no more.</summary>
    public void Delete(PodState pod)
    {
        lock (_lock)
        {
            _pods.Remove(pod.Pod.Uid);
            Tell("DELETED", pod);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Directory.Delete(_serviceAccount, recursive: true);
    }

    // A pod finds it below /var/run, which is a link.
    private static string ServiceAccountOf(PodNode node) => $"{node.Root}/run/secrets/kubernetes.io/serviceaccount";

    private static bool IsWell(NodeReport report) =>
        report.Source("kubernetes").GetProperty("status").GetString() == "ok" && !report.FindingIds.Contains("source-unavailable");

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The number of an event is its version.</summary>
    private void Tell(string type, PodState pod)
    {
        _events.Add(PodJson.Event(type, pod.ToJson(_events.Count + 1)));
        _changed.SetResult();
        _changed = NewSignal();
    }

    private Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (path != "/api/v1/pods")
        {
            return AnswerReplicasAsync(context, path["/apis/apps/v1/namespaces/".Length..]);
        }

        return context.Request.Query.ContainsKey("watch") ? WatchAsync(context) : context.Response.WriteAsync(List());
    }

    private string List()
    {
        lock (_lock)
        {
            var version = _events.Count;
            return PodJson.List(version.ToString(CultureInfo.InvariantCulture), _pods.Values.Select(pod => pod.ToJson(version)));
        }
    }

    private async Task WatchAsync(HttpContext context)
    {
        var sent = int.Parse(context.Request.Query["resourceVersion"]!, CultureInfo.InvariantCulture);
        while (true)
        {
            string[] events;
            Task changed;
            lock (_lock)
            {
                events = [.. _events[sent..]];
                changed = _changed.Task;
            }

            sent += events.Length;
            await context.Response.WriteAsync(string.Concat(events));
            await context.Response.Body.FlushAsync();
            await changed.WaitAsync(Server.Until(context));
        }
    }

    private Task AnswerReplicasAsync(HttpContext context, string path)
    {
        if (_replicas.TryGetValue(path, out var replicas))
        {
            return context.Response.WriteAsync($$"""{"kind":"Scale","spec":{"replicas":{{replicas}}} }""");
        }

        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return context.Response.WriteAsync(PodJson.Status(StatusCodes.Status403Forbidden, "Forbidden", $"{path} is forbidden"));
    }
}
