using System.Text.Json;
using Agent.Core.Ends;
using Agent.KernelTests.Model;
using Agent.KernelTests.Sources;
using Agent.KernelTests.Testing;
using Xunit;

namespace Agent.KernelTests.Ends;

/// <summary>
/// Somebody's connections end by the thousand in a moment, as those of a process that is killed do: more than are remembered until a scan
/// tells who closed first. How others' connections ended is known all the same.
/// </summary>
public sealed class NoisyNeighbourTests
{
    private const int Pairs = 5;

    [Fact]
    public async Task Report_MoreEndsOfOneNamespaceThanAreRemembered_TellsHowThoseOfOthersEnded()
    {
        using var network = new RoutedNetwork();
        using var neighbour = new NetworkNamespaceFixture();
        using var crowd = new SocketCrowd(neighbour, (EndsTally.MaxRemembered / 2) + 1000);
        using var agent = new RouterAgent(network.Router, interval: "5s");
        var pairs = Enumerable.Range(0, Pairs)
            .Select(_ => network.Connect(network.ServerAddress, RoutedNetwork.ServerPort))
            .Select(static (pair, number) => new ModelConnection(pair.Client, pair.Server, translated: false, number))
            .ToArray();
        foreach (var pair in pairs)
        {
            pair.Ask(20);
            pair.Answer();
        }

        await agent.ReportAsync(static _ => true, TimeSpan.Zero);
        await Task.Delay(TimeSpan.FromMilliseconds(2 * EndJudge.IdleFromMilliseconds), TestContext.Current.CancellationToken);

        // Both sides have seen both FINs: a scan is to tell whose was first, and before the next one the neighbour's come.
        foreach (var pair in pairs)
        {
            pair.HalfClose(byClient: false);
            pair.Finish();
            pair.Dispose();
        }

        crowd.End();

        // A scan may fall among the neighbour's ends.
        var report = await agent.ReportAsync(
            report => KnownIn(report, network) == Pairs && Heard(report) > EndsTally.MaxRemembered, TimeSpan.FromSeconds(15));
        Assert.True(
            KnownIn(report, network) == Pairs,
            $"server {EndsOf.Read(report, network.Server)}, client {EndsOf.Read(report, network.Client)}, {report.GetProperty("connectionEnds")}");
        Assert.InRange(Heard(report), EndsTally.MaxRemembered + 1, long.MaxValue);
    }

    private static long Heard(JsonElement report) =>
        report.GetProperty("connectionEnds").GetProperty("seen").GetInt64() + report.GetProperty("connectionEnds").GetProperty("missed").GetInt64();

    private static long KnownIn(JsonElement report, RoutedNetwork network) => Math.Min(
        EndsOf.Read(report, network.Server).Kind("server", "closedFirstIdle"),
        EndsOf.Read(report, network.Client).Kind("client", "peerFirst"));
}
