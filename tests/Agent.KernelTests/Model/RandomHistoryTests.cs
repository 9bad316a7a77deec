using System.Globalization;
using System.Text.Json;
using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.KernelTests.Sources;
using Xunit;

namespace Agent.KernelTests.Model;

/// <summary>
/// What an agent says of a random history against what its generator knows, after each batch. The long form:
/// <c>CLOSEWATCH_MODEL_STEPS=5000 CLOSEWATCH_MODEL_SEED=1 make kernel FILTER=RandomHistory</c>.
/// </summary>
public sealed class RandomHistoryTests
{
    private const int StepsABatch = 12;

    [Fact]
    public async Task Report_AfterEachBatchOfARandomHistory_SaysWhatTheGeneratorKnows()
    {
        var steps = Setting("CLOSEWATCH_MODEL_STEPS", 180);
        var seed = Setting("CLOSEWATCH_MODEL_SEED", DateTime.UtcNow.DayOfYear);
        using var network = new RoutedNetwork();
        // Only what the history forgets is forgotten.
        network.Router.Execute("sysctl", "-qw", "net.netfilter.nf_conntrack_tcp_timeout_close_wait=36000", "net.netfilter.nf_conntrack_tcp_timeout_fin_wait=36000");
        using var agent = new RouterAgent(network.Router);
        using var history = new RandomHistory(network, seed);
        // Two scans: one that knows the namespaces and their listeners, so that no end comes before somebody listens for it.
        await agent.ReportAsync(static _ => true, TimeSpan.Zero);
        await agent.ReportAsync(static _ => true, TimeSpan.Zero);

        for (var done = 0; done < steps; done += StepsABatch)
        {
            // Now and then the agent sleeps through a batch (nsenter(1) becomes it).
            var sleeps = history.Toss(8);
            if (sleeps)
            {
                agent.Pause();
            }

            history.Step(StepsABatch);
            if (sleeps)
            {
                agent.Continue();
            }

            var report = await agent.ReportAsync(report => Differences(report, network, history).Count == 0, TimeSpan.FromSeconds(5));
            AssertNothing(Differences(report, network, history), report, history, seed);
        }

        // What closed first while idle may be looked up for 8 s before it is settled.
        var last = await agent.ReportAsync(report => EndDifferences(report, network, history).Count == 0, TimeSpan.FromSeconds(20));
        AssertNothing(EndDifferences(last, network, history), last, history, seed);
    }

    private static List<string> Differences(JsonElement report, RoutedNetwork network, RandomHistory history)
    {
        var open = history.Count(ConnectionPhase.Open);
        var byClient = history.Count(ConnectionPhase.ClientClosed);
        var byServer = history.Count(ConnectionPhase.ServerClosed);
        var differences = new List<string>();
        if (Find(report, network.Server.Name) is not { } server || Find(report, network.Client.Name) is not { } client)
        {
            return ["a namespace is not in the report"];
        }

        Compare("server established", server, open, "tcp", "established");
        Compare("client established", client, open, "tcp", "established");
        Compare("server close_wait", server, byClient, "halfClosed", "sockets", "closeWait");
        Compare("server fin_wait2", server, byServer, "halfClosed", "sockets", "finWait2");
        Compare("client close_wait", client, byServer, "halfClosed", "sockets", "closeWait");
        Compare("client fin_wait2", client, byClient, "halfClosed", "sockets", "finWait2");
        Compare("server closed by the peer", server, byClient, "halfClosed", "closedByPeer");
        Compare("client closed by the pod", client, byClient, "halfClosed", "closedByPod");
        Compare("server entries", server, byClient + byServer - history.Forgotten, "halfClosed", "conntrack", "host", "closeWait");
        Compare("server untracked", server, history.Forgotten, "halfClosed", "untracked");
        Compare("client untracked", client, history.Forgotten, "halfClosed", "untracked");
        Compare("server unread bytes", server, history.UnreadBytes, "halfClosed", "unreadBytes");
        return differences;

        void Compare(string what, JsonElement owner, int expected, params string[] path)
        {
            var actual = Number(owner, path);
            if (actual != expected)
            {
                differences.Add(string.Create(CultureInfo.InvariantCulture, $"{what}: {actual} instead of {expected}"));
            }
        }
    }

    private static List<string> EndDifferences(JsonElement report, RoutedNetwork network, RandomHistory history)
    {
        var differences = new List<string>();
        foreach (var kind in Enum.GetValues<EndKind>())
        {
            foreach (var (role, name) in new[] { ("server", network.Server.Name), ("client", network.Client.Name) })
            {
                var expected = history.Ends.GetValueOrDefault($"{role} {EndNames.Of(kind)}");
                var actual = Find(report, name) is { } owner ? Number(owner, "ends", role, JsonNamingPolicy.CamelCase.ConvertName(kind.ToString())) : 0;
                if (actual != expected)
                {
                    differences.Add(string.Create(CultureInfo.InvariantCulture, $"{role} {EndNames.Of(kind)}: {actual} instead of {expected}"));
                }
            }
        }

        var lost = Find(report, network.Server.Name) is { } server && server.TryGetProperty("requestsLost", out var all)
            ? all.EnumerateArray().Where(static one => one.GetProperty("role").GetString() == "server").Sum(static one => one.GetProperty("count").GetInt32())
            : 0;
        if (lost != history.RequestsLost)
        {
            differences.Add(string.Create(CultureInfo.InvariantCulture, $"requests lost: {lost} instead of {history.RequestsLost}"));
        }

        return differences;
    }

    private static void AssertNothing(List<string> differences, JsonElement report, RandomHistory history, int seed) => Assert.True(
        differences.Count == 0,
        $"seed {seed}: {string.Join("; ", differences)}\n{report.GetProperty("sources")}\n{string.Join('\n', history.Log.TakeLast(60))}");

    private static JsonElement? Find(JsonElement report, string network)
    {
        foreach (var pod in report.GetProperty("pods").EnumerateArray())
        {
            if (pod.GetProperty("name").GetString() == $"netns:{network}")
            {
                return pod;
            }
        }

        return null;
    }

    /// <summary>A number of the report; what it leaves out counts as none.</summary>
    private static int Number(JsonElement element, params string[] path)
    {
        foreach (var name in path)
        {
            if (!element.TryGetProperty(name, out element))
            {
                return 0;
            }
        }

        return element.GetInt32();
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
