using Agent.KernelTests.Testing;

namespace Agent.KernelTests.Ends;

/// <summary>
/// Two nodes with a link between them, and pods on each: clients on the near one, servers on the far one. The far node has processes of its
/// own and sees nobody else's; it tracks connections. Whoever looks from the near node sees all pods.
/// </summary>
internal sealed class TwoNodes : IDisposable
{
    public const string ServerAddress = "10.9.1.2";
    public const string PlainServerAddress = "10.9.2.2";

    public TwoNodes()
    {
        Link(NearNode, "toclients", "10.9.0.1", Clients, "eth0", "10.9.0.2");
        Link(NearNode, "tofar", "10.9.5.1", FarNode, "tonear", "10.9.5.2");
        Link(FarNode, "toservers", "10.9.1.1", Servers, "eth0", ServerAddress);
        Link(FarNode, "toplain", "10.9.2.1", PlainServers, "eth0", PlainServerAddress);
        Clients.Ip("route add default via 10.9.0.1");
        Servers.Ip("route add default via 10.9.1.1");
        PlainServers.Ip("route add default via 10.9.2.1");
        NearNode.Ip("route add 10.9.1.0/24 via 10.9.5.2", "route add 10.9.2.0/24 via 10.9.5.2");
        FarNode.Ip("route add 10.9.0.0/24 via 10.9.5.1");
        foreach (var node in (NetworkNamespaceFixture[])[NearNode, FarNode])
        {
            node.Execute("sysctl", "-qw", "net.ipv4.ip_forward=1");
            // A rule that asks for the state of connections makes a namespace track them.
            node.Execute("iptables", "-w", "-A", "FORWARD", "-m", "conntrack", "--ctstate", "ESTABLISHED", "-j", "ACCEPT");
        }

        FarProcesses = new(FarNode);
        FarProcesses.HideNames();
    }

    public NetworkNamespaceFixture Clients { get; } = new();

    public NetworkNamespaceFixture NearNode { get; } = new();

    public NetworkNamespaceFixture FarNode { get; } = new();

    public NetworkNamespaceFixture Servers { get; } = new();

    /// <summary>Another pod of servers: resets are counted for each namespace.</summary>
    public NetworkNamespaceFixture PlainServers { get; } = new();

    /// <summary>The processes of the far node.</summary>
    public ProcessIdNamespace FarProcesses { get; }

    public void Dispose()
    {
        FarProcesses.Dispose();
        Clients.Dispose();
        NearNode.Dispose();
        FarNode.Dispose();
        Servers.Dispose();
        PlainServers.Dispose();
    }

    private static void Link(NetworkNamespaceFixture one, string oneName, string oneAddress, NetworkNamespaceFixture other, string otherName, string otherAddress)
    {
        one.Ip($"link add {oneName} type veth peer name {otherName} netns {other.Name}", $"addr add {oneAddress}/24 dev {oneName}", $"link set {oneName} up");
        other.Ip($"addr add {otherAddress}/24 dev {otherName}", $"link set {otherName} up");
    }
}
