using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Agent.Kernel;
using Agent.Kernel.Ends;
using Agent.Kernel.ProcFs;
using Agent.Kernel.SockDiag;
using Agent.KernelTests.Testing;
using Xunit;

namespace Agent.KernelTests.SockDiag;

/// <summary>
/// Connections in private namespaces, one of which stands for the host: what is heard is what was made. Counts the descriptors of this
/// process, so nothing else may run beside it.
/// </summary>
[Collection(nameof(Namespaces.LeakTests))]
public sealed class ConnectionEndListenerTests
{
    private static readonly Capability[] s_withoutBroadcast = [Capability.NetAdmin, Capability.SysAdmin, Capability.SysPtrace];

    private static readonly Capability[] s_all = [Capability.NetBroadcast, .. s_withoutBroadcast];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Read_ConnectionsInSeveralNamespaces_GivesEachEndOnceForItsNamespace(bool canHearAll)
    {
        using var host = new NetworkNamespaceFixture();
        using var first = new NetworkNamespaceFixture();
        using var second = new NetworkNamespaceFixture();
        using var firstProcess = IdleProcess.Start(first);
        using var secondProcess = IdleProcess.Start(second);
        using var listener = Open(host, canHearAll);
        var recorder = new EndRecorder(listener);
        var firstId = Attach(listener, first, firstProcess.Pid);
        var secondId = Attach(listener, second, secondProcess.Pid);

        var hostPort = Connect(host, IPAddress.Loopback, 3);
        var firstPort = Connect(first, IPAddress.Loopback, 20);
        var secondPort = Connect(second, IPAddress.IPv6Loopback, 30);

        recorder.ReadUntil(() => recorder.Ends.Count >= 106, "not every end was heard");
        Assert.Equal(canHearAll, listener.HearsAllNamespaces);
        Assert.Equal(canHearAll ? 0 : 2, listener.NamespaceSocketCount);
        Assert.Equal(firstId, Attach(listener, first, firstProcess.Pid));
        Assert.True(listener.IsLive(firstId) && listener.IsLive(secondId) && listener.IsLive(ConnectionEnd.HostNamespace));
        AssertEnds(recorder.In(ConnectionEnd.HostNamespace), IPAddress.Loopback, hostPort, 3);
        AssertEnds(recorder.In(firstId), IPAddress.Loopback, firstPort, 20);
        AssertEnds(recorder.In(secondId), IPAddress.IPv6Loopback, secondPort, 30);
        Assert.Equal(106, recorder.Ends.Select(static end => end.Cookie).Distinct().Count());
        var statistics = listener.ReadStatistics();
        Assert.Equal((106, 0, 0), (statistics.Ends, statistics.Malformed, statistics.Missed));
        Assert.Equal(3, statistics.NeverConnected); // the listening sockets
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Read_RefusedConnections_AreNoEnds(bool blocking)
    {
        using var network = new NetworkNamespaceFixture();
        using var listener = Open(network, canHearAll: true);
        var recorder = new EndRecorder(listener);
        network.Inside(() =>
        {
            using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = blocking };
            Assert.Throws<SocketException>(() => client.Connect(IPAddress.Loopback, 9));
            client.Poll(TimeSpan.FromSeconds(5), SelectMode.SelectError);
            return 0;
        });
        Connect(network, IPAddress.Loopback, 1);

        recorder.ReadUntil(
            () => recorder.Ends.Count >= 2 && listener.ReadStatistics().NeverConnected >= 2, "the connection after it was not heard");

        Assert.Equal(2, recorder.Ends.Count);
        Assert.Equal(2, listener.ReadStatistics().NeverConnected); // and the listening socket
    }

    [Fact]
    public void Open_WithoutBroadcast_SaysWhatIsMissing()
    {
        using var host = new NetworkNamespaceFixture();
        using var listener = Open(host, canHearAll: false);

        Assert.NotNull(listener.AllNamespacesRefusal);
        Assert.Contains("needs CAP_NET_BROADCAST", listener.AllNamespacesRefusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_WithoutAnyCapability_HearsTheHost()
    {
        using var host = new NetworkNamespaceFixture();
        using var listener = host.Inside(() => Unprivileged.Run(static () => ConnectionEndListener.Open("/proc")));
        var recorder = new EndRecorder(listener);

        var port = Connect(host, IPAddress.Loopback, 5);

        recorder.ReadUntil(() => recorder.Ends.Count >= 10, "not every end was heard");
        AssertEnds(recorder.In(ConnectionEnd.HostNamespace), IPAddress.Loopback, port, 5);
    }

    [Fact]
    public void Read_MoreThanTheBufferHolds_CountsEachMissedMessage()
    {
        const int connections = 1_000;
        using var host = new NetworkNamespaceFixture();
        using var listener = host.Inside(static () => ConnectionEndListener.Open("/proc", 64 * 1024));
        var recorder = new EndRecorder(listener);

        Connect(host, IPAddress.Loopback, connections);
        var patience = Stopwatch.StartNew();
        while (listener.ReadStatistics().Missed == 0)
        {
            Assert.True(patience.Elapsed < TimeSpan.FromSeconds(20), $"{listener.GrantedBufferBytes} bytes held everything");
        }

        recorder.ReadUntil(
            () => listener.ReadStatistics() is var heard && heard.Messages + heard.Missed >= (2 * connections) + 1,
            "neither heard nor missed");

        var statistics = listener.ReadStatistics();
        Assert.Equal((2 * connections) + 1, statistics.Messages + statistics.Missed);
        Assert.InRange(statistics.Ends, 50, (2 * connections) - 1);

        // And it goes on.
        var before = recorder.Ends.Count;
        Connect(host, IPAddress.Loopback, 10);
        recorder.ReadUntil(() => recorder.Ends.Count >= before + 20, "nothing was heard after an overrun");
        Assert.Equal(statistics.Missed, listener.ReadStatistics().Missed);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Leave_UntilJoin_HearsNothing(bool canHearAll)
    {
        using var host = new NetworkNamespaceFixture();
        using var other = new NetworkNamespaceFixture();
        using var process = IdleProcess.Start(other);
        using var listener = Open(host, canHearAll);
        using var another = Open(host, canHearAll);
        var recorder = new EndRecorder(listener);
        var others = new EndRecorder(another);
        Attach(listener, other, process.Pid);
        Attach(another, other, process.Pid);

        listener.Leave();
        Assert.False(listener.IsListening);
        Connect(host, IPAddress.Loopback, 4, 10_001);
        Connect(other, IPAddress.Loopback, 4, 10_002);

        // The kernel says it a moment after the end.
        others.ReadUntil(() => others.Ends.Count >= 16, "not every end was heard by somebody else");
        listener.Join();
        Connect(host, IPAddress.Loopback, 5, 10_003);
        Connect(other, IPAddress.Loopback, 6, 10_004);

        recorder.ReadUntil(() => EndsAt(10_003) + EndsAt(10_004) >= 22, "not every end was heard");
        Assert.Equal((10, 12), (EndsAt(10_003), EndsAt(10_004)));
        Assert.Equal(0, EndsAt(10_001) + EndsAt(10_002));

        int EndsAt(int port) => recorder.Ends.Count(end => Server(end) == port);
    }

    [Fact]
    public void CloseAbandoned_LastProcessGone_ReadsWhatIsThereAndLetsTheNamespaceGo()
    {
        using var host = new NetworkNamespaceFixture();
        using var other = new NetworkNamespaceFixture();
        using var process = IdleProcess.Start(other);
        using var listener = Open(host, canHearAll: false);
        var recorder = new EndRecorder(listener);
        var id = Attach(listener, other, process.Pid);
        var sink = recorder;

        listener.CloseAbandoned(ref sink);
        listener.CloseAbandoned(ref sink);
        Assert.True(listener.IsLive(id));
        process.Kill();
        listener.CloseAbandoned(ref sink);
        Assert.True(listener.IsLive(id));
        Connect(other, IPAddress.Loopback, 1);
        recorder.ReadUntil(() => recorder.Ends.Count >= 2, "the last ends were not heard");
        listener.CloseAbandoned(ref sink);

        Assert.False(listener.IsLive(id));
        Assert.Equal(0, listener.NamespaceSocketCount);
    }

    /// <summary>
    /// The kernel gives a number that is free again to the next namespace at once. Each namespace here has a port of its own, so an end
    /// with the id of another one shows.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Read_NamespacesThatComeAndGo_NeverTakesOneForAnother(bool canHearAll)
    {
        const int namespaces = 60;
        using var host = new NetworkNamespaceFixture();
        var ports = new Dictionary<int, int>(); // namespace id to the port in it
        var portsAttached = new Dictionary<int, int>();
        using (var listener = Open(host, canHearAll))
        {
            var recorder = new EndRecorder(listener);
            var stop = false;
            var reader = new Thread(() =>
            {
                var sink = recorder;
                while (!Volatile.Read(ref stop))
                {
                    listener.Wait(TimeSpan.FromMilliseconds(20));
                    recorder.Read();
                    listener.CloseAbandoned(ref sink);
                }
            });
            reader.Start();
            var sockets = OpenSockets();
            for (var i = 0; i < namespaces; i++)
            {
                using var network = new NetworkNamespaceFixture();
                using var process = IdleProcess.Start(network);

                // Ends before the agent has seen the namespace, which then has a number only when somebody gave it one.
                host.Ip($"link add v{i} type veth peer name eth0 netns {network.Name}");
                Connect(network, IPAddress.Loopback, 3, 10_000 + i);
                if (i % 2 == 0)
                {
                    portsAttached[Attach(listener, network, process.Pid)] = 10_000 + i;
                    Connect(network, IPAddress.Loopback, 3, 10_000 + i);
                }
            }

            Volatile.Write(ref stop, true);
            listener.Wake();
            reader.Join();
            recorder.ReadUntil(() => listener.NamespaceSocketCount == 0 || Closed(listener, recorder), "sockets stayed open");
            foreach (var end in recorder.Ends.Where(static end => end.NamespaceId != ConnectionEnd.UnknownNamespace))
            {
                Assert.Equal(Server(end), ports.GetValueOrDefault(end.NamespaceId, Server(end)));
                ports[end.NamespaceId] = Server(end);
            }

            Assert.All(portsAttached, attached => Assert.Equal(attached.Value, ports.GetValueOrDefault(attached.Key, attached.Value)));
            Assert.InRange(portsAttached.Keys.Count(ports.ContainsKey), namespaces / 4, namespaces / 2);
            Assert.Equal(namespaces / 2, portsAttached.Count);
            Assert.Equal(sockets, OpenSockets());

            // A number is free when its namespace is gone: none is kept alive.
            var patience = Stopwatch.StartNew();
            while (host.Execute("ip", "netns", "list-id").Length > 0)
            {
                Assert.True(patience.Elapsed < TimeSpan.FromSeconds(20), "a namespace is kept alive");
            }
        }
    }

    private static int OpenSockets() => Directory.GetFiles("/proc/self/fd")
        .Count(static file => new FileInfo(file).LinkTarget is { } target && target.StartsWith("socket:", StringComparison.Ordinal));

    private static bool Closed(ConnectionEndListener listener, EndRecorder recorder)
    {
        listener.CloseAbandoned(ref recorder);
        return listener.NamespaceSocketCount == 0;
    }

    private static ConnectionEndListener Open(NetworkNamespaceFixture host, bool canHearAll) =>
        host.Inside(() => Unprivileged.Run(static () => ConnectionEndListener.Open("/proc"), canHearAll ? s_all : s_withoutBroadcast));

    /// <summary>As a scan does it: on a thread that is in the namespace.</summary>
    private static int Attach(ConnectionEndListener listener, NetworkNamespaceFixture network, int pid) => network.Inside(() =>
    {
        using var tables = DirectoryHandle.Open("/proc/thread-self");
        Assert.Equal(0, tables.Stat("net/tcp\0"u8, out var status));
        return listener.Attach(status.Inode, [pid]);
    });

    /// <summary>Makes connections, one after the other, that the server closes first.</summary>
    /// <returns>The server's port.</returns>
    private static int Connect(NetworkNamespaceFixture network, IPAddress address, int connections, int port = 0) => network.Inside(() =>
    {
        using var server = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        server.Bind(new IPEndPoint(address, port));
        server.Listen(8);
        for (var i = 0; i < connections; i++)
        {
            using var client = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            client.Connect(server.LocalEndPoint!);
            using var accepted = server.Accept();
            client.Send([1]);
            Assert.Equal(1, accepted.Receive(new byte[4]));
            accepted.Close();
        }

        return ((IPEndPoint)server.LocalEndPoint!).Port;
    });

    /// <summary>The lower port is the server's: the other is ephemeral.</summary>
    private static int Server(ConnectionEnd end) => Math.Min(end.Tuple.SourcePort, end.Tuple.DestinationPort);

    private static void AssertEnds(IEnumerable<ConnectionEnd> ends, IPAddress address, int port, int connections)
    {
        var all = ends.ToList();
        var servers = all.Where(end => end.Tuple.SourcePort == port).ToList();
        Assert.Equal((2 * connections, connections), (all.Count, servers.Count));
        Assert.All(all, end => Assert.Equal(address.ToString(), end.Tuple.Source.ToString()));

        // The byte that the client sent; its FIN may come with the acknowledgement of the server's.
        Assert.All(servers, static end => Assert.Equal(end.BytesReceived, 1 + end.ReceiveQueueBytes));
        Assert.All(servers, static end => Assert.InRange(end.ReceiveQueueBytes, 0u, 1u));
        Assert.Equal(
            servers.Select(static end => end.Tuple.Reversed).OrderBy(static tuple => tuple.SourcePort),
            all.Where(end => end.Tuple.DestinationPort == port).Select(static end => end.Tuple).OrderBy(static tuple => tuple.SourcePort));
    }
}
