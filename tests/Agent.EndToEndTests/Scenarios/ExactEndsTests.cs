using System.Text.Json;
using Agent.EndToEndTests.Node;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>Lost requests are those that the load balancers' logs have, to the unit; whatever else ends is none.</summary>
[Lasts(seconds: 75)]
public sealed class ExactEndsTests(ExactEndsScene scene) : SceneTest<ExactEndsScene>(scene)
{
    [Theory]
    [InlineData(ExactEndsScene.Busy)]
    [InlineData(ExactEndsScene.BusyTls)]
    [InlineData(ExactEndsScene.Meshed)]
    [InlineData(ExactEndsScene.OnHost)]
    [InlineData(ExactEndsScene.Killed)]
    [InlineData(ExactEndsScene.Stuck)]
    public void RequestsLost_AreTheFailuresOfTheLoadBalancersLog(string server)
    {
        Assert.True(Scene.Failed[server] > 0, $"no request to {server} failed: the scene shows nothing");
        AssertLost(server, Lost(server, cause: null));
    }

    [Theory]
    [InlineData(ExactEndsScene.Killed)]
    [InlineData(ExactEndsScene.Stuck)]
    public void KilledOrTimedOut_WithRequestsInWork_IsUnanswered(string server) => AssertLost(server, Lost(server, "unanswered"));

    /// <summary>All of the node's programs are in its namespace: only its own tell whose default its time-out may be.</summary>
    [Fact]
    public void OnHost_ItsTimeOut_IsNobodyElses() => Assert.DoesNotContain(
        Scene.Report.Findings.Where(static finding => finding.Name == ExactEndsScene.OnHost).SelectMany(static finding => finding.Evidence),
        static line => line.Contains("gunicorn", StringComparison.Ordinal));

    /// <summary>Its idle time is between the pauses of its clients; where a busy machine made one longer, the log says so.</summary>
    [Fact]
    public void Checked_LostAreTheFailuresOfTheLoadBalancersLog_IfAny() => Assert.Equal(Scene.Failed[ExactEndsScene.Python], Lost(ExactEndsScene.Python, cause: null));

    [Fact]
    public void Killed_AllThatWereInWork() => Assert.Equal(ExactEndsScene.InWork, Scene.Failed[ExactEndsScene.Killed]);

    [Theory]
    [InlineData(ExactEndsScene.Slow)]
    [InlineData(ExactEndsScene.Idle)]
    [InlineData(ExactEndsScene.Refusing)]
    [InlineData("nginx")]
    [InlineData("haproxy")]
    [InlineData("clients")]
    public void NothingFailed_NothingIsLost(string pod)
    {
        Assert.Equal(0, Scene.Failed.GetValueOrDefault(pod));
        Assert.Equal(0, Lost(pod, cause: null));
    }

    [Fact]
    public void LoadBalancerGivesUp_BothSidesSayAbandoned()
    {
        Assert.Equal(ExactEndsScene.Waiting, Scene.GaveUp);
        Assert.Equal(ExactEndsScene.Waiting, Ends(ExactEndsScene.Slow, "server", "abandoned"));
        Assert.Equal(ExactEndsScene.Waiting, Traced("nginx").Count(end => Text(end, "role") == "client" && Text(end, "end") == "abandoned" && Port(end) == 8080));
    }

    [Fact]
    public void Trace_SaysTheSameAsTheAgent()
    {
        foreach (var server in new[] { ExactEndsScene.Busy, ExactEndsScene.BusyTls, ExactEndsScene.Killed, ExactEndsScene.Stuck })
        {
            AssertLost(server, Traced(server).Count(static end => end.TryGetProperty("lost", out _)));
        }

        Assert.DoesNotContain(Scene.Trace, static end => end.TryGetProperty("lost", out _) && Text(end, "role") == "client");
    }

    [Fact]
    public void Trace_HealthChecksThatEndWithAReset_AreResets()
    {
        var resets = Traced(ExactEndsScene.Idle).Where(end => Text(end, "end") == "reset_received").ToArray();
        Assert.Equal(5, resets.Length);
        Assert.All(resets, static end => Assert.Equal(0, end.GetProperty("receivedBytes").GetInt64()));
    }

    [Fact]
    public void Trace_RefusedConnections_AreNoEnds() => Assert.DoesNotContain(Scene.Trace, static end => Port(end) == 9);

    [Fact]
    public void Trace_RefusedUploads_AreNotLost()
    {
        var uploads = Traced(ExactEndsScene.Refusing).Where(static end => Text(end, "role") == "server").ToArray();
        Assert.Equal(5, uploads.Length);
        Assert.DoesNotContain(uploads, static end => end.TryGetProperty("lost", out _));
    }

    /// <summary>
    /// What the server's own clock says. A worker of the kernel tells how old the last bytes are, when it gets to it: on a busy machine all five
    /// have looked 0.3 s older than they were. None is younger, and most are nearer to their own server's time than to the other's.
    /// </summary>
    [Theory]
    [InlineData(8080)]
    [InlineData(8081)]
    public void Trace_IdleTime_IsTheServersOwn(int port)
    {
        var traced = Traced(ExactEndsScene.Idle).Where(end => Port(end) == port && Text(end, "end") == "closed_first_idle")
            .Select(static end => end.GetProperty("idleSeconds").GetDouble()).Order().ToArray();
        var measured = Scene.IdleSeconds[port].Order().ToArray();

        Assert.Equal(5, measured.Length);
        Assert.Equal(measured.Length, traced.Length);
        var pairs = traced.Zip(measured).ToArray();
        Assert.All(pairs, static pair => Assert.True(pair.First >= pair.Second.Least - 0.05, $"{pair}"));
        Assert.True(pairs.Count(static pair => pair.First <= pair.Second.Most + 0.35) >= 3, string.Join(' ', pairs));
    }

    /// <summary>
    /// To the unit. Of a request in work when its server ends, the server's TIME_WAIT tells: on a busy machine it may be gone before it is
    /// looked for, and then the loss is said to be unknown.
    /// </summary>
    private void AssertLost(string server, long lost)
    {
        var unknown = server is ExactEndsScene.Killed or ExactEndsScene.Stuck ? Pod(server).GetProperty("ends").GetProperty("lossUnknown").GetInt64() : 0;
        Assert.InRange(lost, Scene.Failed[server] - unknown, Scene.Failed[server]);
    }

    private IEnumerable<JsonElement> Traced(string pod) => Scene.Trace.Where(end => Text(end, "pod") == pod);

    private JsonElement Pod(string name) => Scene.Report.Pods.Single(pod => pod.GetProperty("name").GetString() == name);

    private long Ends(string pod, string role, string kind) => Pod(pod).GetProperty("ends").GetProperty(role).GetProperty(kind).GetInt64();

    private long Lost(string pod, string? cause) => Scene.Report.Pods.Where(entry => entry.GetProperty("name").GetString() == pod && entry.TryGetProperty("requestsLost", out _))
        .SelectMany(static entry => entry.GetProperty("requestsLost").EnumerateArray())
        .Where(lost => cause is null || lost.GetProperty("cause").GetString() == cause)
        .Sum(static lost => lost.GetProperty("count").GetInt64());

    private static string? Text(JsonElement end, string name) => end.GetProperty(name).GetString();

    private static int Port(JsonElement end)
    {
        var server = Text(end, Text(end, "role") == "server" ? "local" : "remote")!;
        return int.Parse(server[(server.LastIndexOf(':') + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }
}
