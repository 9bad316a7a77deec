using Agent.EndToEndTests.Images;

namespace Agent.EndToEndTests.Node;

/// <summary>A pod in a service mesh: proxies beside the application, and REDIRECT rules in the pod's own namespace.</summary>
public static class Mesh
{
    public const int InboundPort = 4143;
    public const int OutboundPort = 4140;

    private const long ProxyUser = 2102;

    /// <summary>A server at port 9000 behind its proxies: a leaky one, or one that answers as <c>peer serve</c> is told to. The conntrack table that tracks it is its own.</summary>
    public static async Task<Pod> RunMeshedServerAsync(this PodNode node, string name, string address = "::", string? answer = null)
    {
        var pod = await node.RunPodAsync(new PodSpec(
            "shop",
            name,
            new ContainerSpec("proxy-in", TestImages.Peer, "proxy", $"{InboundPort}", "in") { Command = ["/bin/proxy"], RunAsUser = ProxyUser },
            new ContainerSpec("proxy-out", TestImages.Peer, "proxy", $"{OutboundPort}", "out") { Command = ["/bin/proxy"], RunAsUser = ProxyUser },
            new ContainerSpec("app", TestImages.Peer, ["serve", address, "9000", .. answer is null ? (string[])[] : [answer]])));
        foreach (var restore in (string[])["iptables-restore", "ip6tables-restore"])
        {
            (await node.RunWithInputAsync(Rules, [.. PodNode.NetworkOf(pod), restore])).Checked();
        }

        return pod;
    }

    /// <summary>What a mesh's init container writes: only the proxies' own traffic is let through untouched.</summary>
    private static string Rules { get; } = $"""
        *nat
        -A PREROUTING -p tcp -j REDIRECT --to-port {InboundPort}
        -A OUTPUT -m owner --uid-owner {ProxyUser} -j RETURN
        -A OUTPUT -o lo -j RETURN
        -A OUTPUT -p tcp -j REDIRECT --to-port {OutboundPort}
        COMMIT

        """;
}
