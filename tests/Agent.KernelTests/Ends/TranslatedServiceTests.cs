using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Agent.Core.Ends;
using Agent.KernelTests.Model;
using Agent.KernelTests.Sources;
using Agent.KernelTests.Testing;
using Xunit;

namespace Agent.KernelTests.Ends;

/// <summary>
/// Requests that a pod sends to a Service whose server is on the same node, as kube-proxy translates them: to the server's address, from the
/// node's own where it masquerades, and back to the pod that called. Whoever hears both sides counts a lost one once, at the server, even
/// though a neighbour ends more connections than are remembered before the conntrack table is asked.
/// </summary>
public sealed class TranslatedServiceTests
{
    private const int ServicePort = 80;
    private const int Each = 2;
    private const int Healthy = 6;
    private const string Masqueraded = "10.9.9.8";
    private const string Hairpin = "10.9.9.7";

    private static readonly byte[] s_request = new byte[200];
    private static readonly byte[] s_answer = new byte[300];
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    // More than what counts as idle.
    private static readonly TimeSpan s_idle = TimeSpan.FromMilliseconds(400);

    [Fact]
    public async Task RequestsLost_ClientAndServerAreHere_EachIsCountedOnceAtTheServer()
    {
        using var network = new RoutedNetwork();
        foreach (var service in (string[])[Masqueraded, Hairpin])
        {
            network.Router.Execute("iptables", "-w", "-t", "nat", "-A", "PREROUTING", "-d", service, "-p", "tcp", "--dport", $"{ServicePort}", "-j", "DNAT", "--to-destination", $"{network.ServerAddress}:{RoutedNetwork.ServerPort}");
            network.Router.Execute("iptables", "-w", "-t", "nat", "-A", "POSTROUTING", "-m", "conntrack", "--ctorigdst", service, "-j", "MASQUERADE");
        }

        using var neighbour = new NetworkNamespaceFixture();
        using var crowd = new SocketCrowd(neighbour, (EndsTally.MaxRemembered / 2) + 1000);
        using var clients = IdleProcess.Start(network.Client);
        using var servers = IdleProcess.Start(network.Server);
        using var agent = new RouterAgent(network.Router);
        for (var scan = 0; scan < 2; scan++)
        {
            await agent.ReportAsync(static _ => true, TimeSpan.Zero);
        }

        var trace = new ConcurrentQueue<string>();
        await agent.TraceAsync(trace.Enqueue);
        List<(Socket Client, Socket Server)> connections =
        [
            .. Open(network, network.Client, network.ServiceAddress),
            .. Open(network, network.Client, Masqueraded),
            .. Open(network, network.Server, Hairpin),
        ];
        TestContext.Current.CancellationToken.WaitHandle.WaitOne(s_idle);
        for (var i = 0; i < connections.Count; i++)
        {
            if (IsTaken(i))
            {
                Send(connections[i].Client, connections[i].Server, s_request);
            }
        }

        // What came shortly before a close may be last words.
        TestContext.Current.CancellationToken.WaitHandle.WaitOne(s_idle);
        for (var i = 0; i < connections.Count; i++)
        {
            End(connections[i], i);
        }

        crowd.End();
        var lost = 3 * 3 * Each;
        var report = await agent.ReportAsync(
            report => EndsOf.Read(report, network.Server) is var ends && ends.Lost("server", RoutedNetwork.ServerPort) == lost
                && ends.Total("server") == connections.Count && ends.Total("client") + EndsOf.Read(report, network.Client).Total("client") == connections.Count,
            s_patience);
        var (server, client) = (EndsOf.Read(report, network.Server), EndsOf.Read(report, network.Client));

        Assert.True(lost == server.Lost("server", RoutedNetwork.ServerPort) && server.AllLost == lost && client.AllLost == 0, $"server {server}\nclient {client}\n{string.Join('\n', trace)}");
        Assert.Equal((0, 0), (server.LossUnknown, client.LossUnknown));
    }

    private static IEnumerable<(Socket Client, Socket Server)> Open(RoutedNetwork network, NetworkNamespaceFixture from, string service)
    {
        for (var i = 0; i < (3 * Each) + Healthy; i++)
        {
            var client = from.Inside(static () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
            client.Connect(IPAddress.Parse(service), ServicePort);
            var server = network.Accept();
            Send(client, server, s_request);
            Send(server, client, s_answer);
            yield return (client, server);
        }
    }

    private static int KindOf(int number) => number % ((3 * Each) + Healthy) / Each;

    /// <summary>Whether the server takes a second request, and does not answer it.</summary>
    private static bool IsTaken(int number) => KindOf(number) == 2;

    private static void End((Socket Client, Socket Server) connection, int number)
    {
        using var client = connection.Client;
        using var server = connection.Server;
        switch (KindOf(number))
        {
            case 0:
                // The server has closed, and the request meets it.
                server.Close();
                Assert.Equal(0, client.Receive(new byte[8]));
                client.Send(s_request);
                Assert.True(client.Poll(s_patience, SelectMode.SelectError), "no reset came");
                break;
            case 1:
                // The request lies there unread when the server closes.
                client.Send(s_request);
                Assert.True(server.Poll(s_patience, SelectMode.SelectRead), "no request came");
                server.Close();
                Assert.Throws<SocketException>(() => client.Receive(new byte[8]));
                break;
            default:
                // With the request that it has taken, or idle.
                server.Close();
                Assert.Equal(0, client.Receive(new byte[8]));
                break;
        }
    }

    private static void Send(Socket from, Socket to, byte[] bytes)
    {
        from.Send(bytes);
        for (var left = bytes.Length; left > 0;)
        {
            left -= to.Receive(new byte[left]);
        }
    }
}
