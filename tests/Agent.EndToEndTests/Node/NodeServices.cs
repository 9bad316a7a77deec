using System.Net;
using System.Net.Sockets;

namespace Agent.EndToEndTests.Node;

/// <summary>What kube-proxy would write into the node's tables.</summary>
public static class NodeServices
{
    /// <summary>A Service: connections to <paramref name="address"/> go to the pod, from pods and from the node itself.</summary>
    /// <param name="node">The node.</param>
    /// <param name="address">In 10.96.0.0/16 or fd00:10:96::/112.</param>
    /// <param name="port">The Service's.</param>
    /// <param name="backend">Where they go.</param>
    /// <param name="targetPort">The pod's.</param>
    /// <param name="masquerade">Whether the pod sees the node as its client, as with an external address.</param>
    public static async Task AddServiceAsync(this PodNode node, string address, int port, Pod backend, int targetPort, bool masquerade = false)
    {
        var six = IPAddress.Parse(address).AddressFamily == AddressFamily.InterNetworkV6;
        var iptables = six ? "ip6tables" : "iptables";
        var target = six ? $"[{backend.Ip6}]:{targetPort}" : $"{backend.Ip}:{targetPort}";
        (await node.RunAsync(
            iptables, "-w", "-t", "nat", "-A", "KUBE-SERVICES", "-d", address, "-p", "tcp", "--dport", $"{port}", "-j", "DNAT", "--to-destination", target)).Checked();
        if (masquerade)
        {
            (await node.RunAsync(
                iptables, "-w", "-t", "nat", "-A", "KUBE-POSTROUTING", "-m", "conntrack", "--ctorigdst", address, "-j", "MASQUERADE")).Checked();
        }
    }
}
