using System.Globalization;
using Agent.EndToEndTests.Node;

namespace Agent.EndToEndTests.Kernel;

/// <summary>What the usual tools show of the node and its pods.</summary>
public static class KernelView
{
    /// <summary><c>ss</c> in a pod's network namespace.</summary>
    public static async Task<IReadOnlyList<SocketLine>> GetSocketsAsync(this PodNode node, Pod pod) =>
        [.. (await node.RunInNetworkOfAsync(pod, "ss", "-Htan")).Checked().Lines.Select(SocketLine.Parse)];

    /// <summary>The same with their queues.</summary>
    public static async Task<IReadOnlyList<QueueLine>> GetQueuesAsync(this PodNode node, Pod pod) =>
        [.. (await node.RunInNetworkOfAsync(pod, "ss", "-Htan")).Checked().Lines.Select(QueueLine.Parse)];

    /// <summary>Counters of a pod's network namespace, as <c>nstat</c> names them (TcpExtListenOverflows).</summary>
    public static async Task<IReadOnlyDictionary<string, long>> GetCountersAsync(this PodNode node, Pod pod) =>
        // #kernel
        // TcpExtListenOverflows           3                  0.0
        (await node.RunInNetworkOfAsync(pod, "nstat", "-asz")).Checked().Lines
            .Where(line => !line.StartsWith('#'))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .ToDictionary(words => words[0], words => long.Parse(words[1], CultureInfo.InvariantCulture));

    /// <summary>Conntrack's counters of the node, summed over its CPUs, as <c>conntrack -S</c> names them.</summary>
    public static async Task<IReadOnlyDictionary<string, long>> GetConntrackCountersAsync(this PodNode node) =>
        // cpu=0           found=3 invalid=0 insert=0 insert_failed=6 drop=6 early_drop=0 ...
        (await node.RunAsync("conntrack", "-S")).Checked().Lines
            .SelectMany(line => line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
            .Select(word => word.Split('='))
            .GroupBy(pair => pair[0])
            .ToDictionary(pairs => pairs.Key, pairs => pairs.Sum(pair => long.Parse(pair[1], CultureInfo.InvariantCulture)));

    /// <summary><c>conntrack -L</c> in the node's own network namespace.</summary>
    public static async Task<IReadOnlyList<FlowLine>> GetFlowsAsync(this PodNode node) => await ListAsync(node, []);

    /// <summary><c>conntrack -L</c> in a pod's network namespace.</summary>
    public static async Task<IReadOnlyList<FlowLine>> GetFlowsAsync(this PodNode node, Pod pod) => await ListAsync(node, PodNode.NetworkOf(pod));

    private static async Task<IReadOnlyList<FlowLine>> ListAsync(PodNode node, IReadOnlyList<string> prefix)
    {
        var flows = new List<FlowLine>();
        foreach (var family in (string[])["ipv4", "ipv6"])
        {
            var list = await node.RunAsync([.. prefix, "conntrack", "-L", "-f", family, "-p", "tcp"]);
            flows.AddRange(list.Checked().Lines.Select(FlowLine.Parse));
        }

        return flows;
    }
}
