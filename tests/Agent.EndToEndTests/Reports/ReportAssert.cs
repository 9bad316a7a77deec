using System.Text.Json;
using Agent.EndToEndTests.Kernel;
using Agent.EndToEndTests.Node;
using Xunit;

namespace Agent.EndToEndTests.Reports;

/// <summary>Compares a report with what ss and conntrack show.</summary>
public static class ReportAssert
{
    /// <summary>
    /// Every half-closed socket of these pods is in the report, once, of the right pod, with the closer that its state
    /// tells, and the counts are those of the tools.
    /// </summary>
    public static async Task SocketsAsKernelShowsAsync(PodNode node, NodeReport report, params IReadOnlyList<Pod> pods)
    {
        foreach (var pod in pods)
        {
            var shown = (await node.GetSocketsAsync(pod)).Where(socket => socket.IsHalfClosed).ToArray();
            var reported = report.ConnectionsOf(pod);
            Assert.Equal(Sorted(shown), Sorted(reported.Select(connection => connection.Socket)));
            Assert.All(reported, connection => Assert.Equal(connection.Socket.State == "close_wait" ? "peer" : "pod", connection.ClosedBy));

            var halfClosed = report.HalfClosed(pod);
            var sockets = halfClosed.GetProperty("sockets");
            Assert.Equal(shown.Count(socket => socket.State == "close_wait"), Number(sockets, "closeWait"));
            Assert.Equal(shown.Count(socket => socket.State == "fin_wait1"), Number(sockets, "finWait1"));
            Assert.Equal(shown.Count(socket => socket.State == "fin_wait2"), Number(sockets, "finWait2"));
            Assert.Equal(shown.Count(socket => socket.State == "close_wait"), Number(halfClosed, "closedByPeer"));
            Assert.Equal(shown.Count(socket => socket.State != "close_wait"), Number(halfClosed, "closedByPod"));
        }
    }

    /// <summary>The half-closed entries of the host's table and of the pods' own are counted for these pods as the tool shows them.</summary>
    public static async Task FlowsAsKernelShowsAsync(PodNode node, NodeReport report, params IReadOnlyList<Pod> pods)
    {
        var host = (await node.GetFlowsAsync()).Where(flow => flow.IsHalfClosed).ToArray();
        foreach (var pod in pods)
        {
            AssertCounts(host.Where(flow => pod.Addresses.Any(flow.Concerns)), report.HalfClosed(pod).GetProperty("conntrack").GetProperty("host"));
            AssertCounts((await node.GetFlowsAsync(pod)).Where(flow => flow.IsHalfClosed), report.HalfClosed(pod).GetProperty("conntrack").GetProperty("pod"));
        }
    }

    /// <summary>A number of a report's object; 0 where it is left out.</summary>
    public static int Number(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetInt32() : 0;

    private static void AssertCounts(IEnumerable<FlowLine> shown, JsonElement counts)
    {
        Assert.Equal(shown.Count(flow => flow.State == "close_wait"), Number(counts, "closeWait"));
        Assert.Equal(shown.Count(flow => flow.State == "fin_wait"), Number(counts, "finWait"));
    }

    private static IEnumerable<string> Sorted(IEnumerable<SocketLine> sockets) => sockets.Select(socket => socket.ToString()).Order(StringComparer.Ordinal);
}
