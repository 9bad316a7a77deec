using Agent.EndToEndTests.Node;

namespace Agent.EndToEndTests.Kernel;

/// <summary>What the usual tools show of the node and its pods.</summary>
public static class KernelView
{
    /// <summary><c>ss</c> in a pod's network namespace.</summary>
    public static async Task<IReadOnlyList<SocketLine>> GetSocketsAsync(this PodNode node, Pod pod) =>
        [.. (await node.RunInNetworkOfAsync(pod, "ss", "-Htan")).Checked().Lines.Select(SocketLine.Parse)];

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
