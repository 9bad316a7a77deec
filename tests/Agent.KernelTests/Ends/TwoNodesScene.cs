using System.Diagnostics;
using System.Text.Json;
using Agent.KernelTests.Model;
using Xunit;

namespace Agent.KernelTests.Ends;

/// <summary>
/// Real servers with TLS, and clients that close in every way and count the requests that got no answer; an agent that sees both sides, and
/// one on the servers' node, which sees theirs alone. Played once.
/// </summary>
public sealed class TwoNodesScene : IAsyncLifetime
{
    private const int Rounds = 2;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>What the clients saw, by port.</summary>
    internal IReadOnlyDictionary<int, ClientCounts> Seen { get; private set; } = null!;

    /// <summary>What the agent says of the servers that sees both sides.</summary>
    internal EndsOf Servers { get; private set; } = null!;

    /// <summary>The same of those without TLS.</summary>
    internal EndsOf PlainServers { get; private set; } = null!;

    /// <summary>What it says of the clients.</summary>
    internal EndsOf Clients { get; private set; } = null!;

    /// <summary>What the agent says that sees the servers alone.</summary>
    internal EndsOf FarServers { get; private set; } = null!;

    /// <summary>The same of those without TLS.</summary>
    internal EndsOf FarPlainServers { get; private set; } = null!;

    /// <summary>Each end as the agent that sees both sides tells of it.</summary>
    internal TracedEnds Trace { get; } = new();

    /// <summary>The same of the agent that sees the servers alone.</summary>
    internal TracedEnds FarTrace { get; } = new();

    public async ValueTask InitializeAsync()
    {
        using var nodes = new TwoNodes();
        using var servers = new RealServers(nodes.FarProcesses.Starter(nodes.Servers), nodes.FarProcesses.Starter(nodes.PlainServers));
        using var near = new RouterAgent(nodes.NearNode);
        using var far = new RouterAgent(nodes.FarNode, nodes.FarProcesses.Starter(nodes.FarNode));
        await Drive(nodes, rounds: 0);
        foreach (var agent in (RouterAgent[])[near, far, near, far])
        {
            // Two scans: one that knows the namespaces and their listeners.
            await agent.ReportAsync(static _ => true, TimeSpan.Zero);
        }

        await near.TraceAsync(Trace.Add);
        await far.TraceAsync(FarTrace.Add);
        Seen = await Drive(nodes, Rounds);
        await AllFoundAsync();
        var nearReport = await near.ReportAsync(static _ => true, TimeSpan.Zero);
        // A namespace has no name on the far node.
        var farReport = await far.ReportAsync(static _ => true, TimeSpan.Zero);
        (Servers, PlainServers) = (EndsOf.Read(nearReport, nodes.Servers), EndsOf.Read(nearReport, nodes.PlainServers));
        (FarServers, FarPlainServers) = (EndsOf.ReadNameless(farReport, nodes.Servers), EndsOf.ReadNameless(farReport, nodes.PlainServers));
        Clients = EndsOf.Read(nearReport, nodes.Clients);
    }

    /// <summary>Whether each request that got no answer is told by the agent as lost or, with TLS, as one that may be.</summary>
    private static bool IsFound(TracedEnds trace, ClientCounts seen)
    {
        var (lost, maybe) = trace.LossesOfServer(seen.Port);
        return seen.LostFrom.All(client => lost.Contains(client) || (seen.Port != RealServers.PlainPort && maybe.Contains(client)));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task AllFoundAsync()
    {
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < s_patience && !Seen.Values.All(seen => IsFound(Trace, seen) && IsFound(FarTrace, seen)))
        {
            await Task.Delay(200, TestContext.Current.CancellationToken);
        }
    }

    private static async Task<Dictionary<int, ClientCounts>> Drive(TwoNodes nodes, int rounds)
    {
        var both = await Task.WhenAll(
            Drive(nodes, rounds, TwoNodes.ServerAddress, RealServers.Ports), Drive(nodes, rounds, TwoNodes.PlainServerAddress, RealServers.PlainPorts));
        return both.SelectMany(static counts => counts).ToDictionary(static counts => counts.Port);
    }

    private static async Task<IEnumerable<ClientCounts>> Drive(TwoNodes nodes, int rounds, string address, string[] ports)
    {
        using var clients = Process.Start(new ProcessStartInfo(
            "nsenter", [$"--net={nodes.Clients.Path}", "/usr/bin/python3", Path.Combine(AppContext.BaseDirectory, "Ends", "clients.py"), address, $"{rounds}", .. ports])
        {
            RedirectStandardOutput = true,
        })!;
        var output = await clients.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await clients.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, clients.ExitCode);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonSerializer.Deserialize<ClientCounts>(line, ClientCounts.Json)!);
    }
}
