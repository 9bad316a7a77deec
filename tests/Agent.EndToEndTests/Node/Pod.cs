using System.Net;
using System.Net.Sockets;

namespace Agent.EndToEndTests.Node;

/// <summary>A pod that runs.</summary>
/// <param name="Spec">What was asked for.</param>
/// <param name="SandboxId">The runtime's id of it.</param>
/// <param name="Pid">Its pause process, as the node numbers it.</param>
/// <param name="Addresses">As the network plug-in gave them; none with hostNetwork.</param>
/// <param name="ContainerIds">By name.</param>
public sealed record Pod(PodSpec Spec, string SandboxId, int Pid, IReadOnlyList<IPAddress> Addresses, IReadOnlyDictionary<string, string> ContainerIds)
{
    public string Name => Spec.Name;

    public string Namespace => Spec.Namespace;

    public string Uid => Spec.Uid;

    /// <summary>The IPv4 address; the node's with hostNetwork.</summary>
    public string Ip => Addresses.FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork)?.ToString() ?? PodNode.Address;

    /// <summary>The IPv6 address; the node's with hostNetwork.</summary>
    public string Ip6 => Addresses.FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetworkV6)?.ToString() ?? PodNode.Address6;
}
