using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;
using Xunit;

namespace Agent.KernelTests.Sources;

[Collection(ManySocketsTests.Collection)]
public sealed class NodeScannerTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Scan_ClientClosedFirst_IsSeenAtBothEndsOnceWithTheSameCloser(bool translated)
    {
        using var network = new RoutedNetwork();
        var (client, _) = translated ? network.Connect(network.ServiceAddress, 80) : network.Connect(network.ServerAddress, RoutedNetwork.ServerPort);
        client.Shutdown(SocketShutdown.Send);

        var report = network.Report();
        AssertHalfClosed(Owner(report, network.Client.Name), "finWait2", "closedByPod");
        AssertHalfClosed(Owner(report, network.Server.Name), "closeWait", "closedByPeer");
        string[] names = [$"netns:{network.Client.Name}", $"netns:{network.Server.Name}"];
        var connections = report.GetProperty("connections").EnumerateArray().Where(connection => names.Contains(connection.GetProperty("pod").GetString())).ToArray();
        Assert.Equal(2, connections.Length);
        Assert.All(connections, static connection =>
        {
            Assert.Equal("close_wait", connection.GetProperty("conntrack").GetProperty("state").GetString());
            Assert.Equal("host", connection.GetProperty("conntrack").GetProperty("table").GetString());
        });
        Assert.Equal(0, report.GetProperty("unattributed").GetProperty("halfClosedFlows").GetInt32());
    }

    [Fact]
    public void Scan_ServerClosedFirst_NamesTheServer()
    {
        using var network = new RoutedNetwork();
        var (_, server) = network.Connect(network.ServiceAddress, 80);
        server.Shutdown(SocketShutdown.Send);

        var report = network.Report();
        AssertHalfClosed(Owner(report, network.Server.Name), "finWait2", "closedByPod");
        AssertHalfClosed(Owner(report, network.Client.Name), "closeWait", "closedByPeer");
    }

    [Fact]
    public void Scan_TimeoutShorterThanTheConnection_IsExpiringThenUntracked()
    {
        using var network = new RoutedNetwork();
        network.Router.Execute("sysctl", "-qw", "net.netfilter.nf_conntrack_tcp_timeout_close_wait=59");
        // That one shows what the table does with connections of these two ends: a report alone has not seen the entry of the other.
        network.Connect(network.ServiceAddress, 80);
        var (client, server) = network.Connect(network.ServiceAddress, 80);
        client.Shutdown(SocketShutdown.Send);

        var before = Owner(network.Report(), network.Server.Name).GetProperty("halfClosed");
        Assert.Equal(1, before.GetProperty("expiring").GetInt32());
        Assert.Equal(0, before.GetProperty("untracked").GetInt32());

        // However long the report took: from the next packet on the entry has two seconds.
        network.Router.Execute("sysctl", "-qw", "net.netfilter.nf_conntrack_tcp_timeout_close_wait=2");
        server.Send(new byte[1]);
        Until(() => network.Router.Execute("conntrack", "-L", "-p", "tcp", "--state", "CLOSE_WAIT").Length == 0);
        var report = network.Report();
        foreach (var name in (string[])[network.Server.Name, network.Client.Name])
        {
            var after = Owner(report, name).GetProperty("halfClosed");
            Assert.Equal(0, after.GetProperty("expiring").GetInt32());
            Assert.Equal(1, after.GetProperty("untracked").GetInt32());
        }

        Assert.Contains(report.GetProperty("findings").EnumerateArray(), static finding => finding.GetProperty("id").GetString() == "half-closed-untracked");
        Assert.Contains(report.GetProperty("findings").EnumerateArray(), static finding => finding.GetProperty("id").GetString() == "close-wait-timeout-short");
    }

    [Fact]
    public void Scan_NodeThatTracksNothing_ForgetsNothing()
    {
        using var network = new RoutedNetwork(tracked: false);
        var (client, _) = network.Connect(network.ServerAddress, RoutedNetwork.ServerPort);
        client.Shutdown(SocketShutdown.Send);

        var halfClosed = Owner(network.Report(), network.Server.Name).GetProperty("halfClosed");
        Assert.Equal(1, halfClosed.GetProperty("sockets").GetProperty("closeWait").GetInt32());
        Assert.Equal(0, halfClosed.GetProperty("untracked").GetInt32());
    }

    /// <summary>
    /// Tracked is a property of a connection: what takes a second interface, or what a rule leaves untracked, was never in the table, although
    /// other connections of the same two namespaces are.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Scan_ConnectionsThatAreNeverTracked_BesideTrackedOnes_AreNotForgotten(bool byRule)
    {
        const int OtherPort = 9001;
        using var network = new RoutedNetwork();
        var listener = network.Listen(OtherPort);
        var address = byRule ? network.ServerAddress : network.AddDirectLink();
        if (byRule)
        {
            network.LeaveUntracked(OtherPort);
        }

        network.Connect(network.ServerAddress, RoutedNetwork.ServerPort).Client.Shutdown(SocketShutdown.Send);
        network.Connect(network.ServiceAddress, 80).Client.Shutdown(SocketShutdown.Send);
        network.Connect(address, OtherPort, listener).Client.Shutdown(SocketShutdown.Send);

        // A look-up for each socket and a dump of the table must say the same.
        foreach (var report in (JsonElement[])[network.Report("--Collection:Conntrack=netlink"), network.Report("--Collection:Conntrack=procfs")])
        {
            foreach (var name in (string[])[network.Server.Name, network.Client.Name])
            {
                var halfClosed = Owner(report, name).GetProperty("halfClosed");
                Assert.Equal(3, halfClosed.GetProperty("sockets").EnumerateObject().Sum(static state => state.Value.GetInt32()));
                Assert.Equal((2, 0), (halfClosed.GetProperty("conntrack").GetProperty("host").GetProperty("closeWait").GetInt32(), halfClosed.GetProperty("untracked").GetInt32()));
            }

            // Other tests' namespaces are in the report, too.
            Assert.DoesNotContain(
                report.GetProperty("findings").EnumerateArray(),
                finding => finding.GetProperty("id").GetString() == "half-closed-untracked"
                    && (NameOf(finding).Contains(network.Server.Name, StringComparison.Ordinal) || NameOf(finding).Contains(network.Client.Name, StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void Scan_BothClosed_IsNotHalfClosed()
    {
        using var network = new RoutedNetwork();
        var (client, server) = network.Connect(network.ServiceAddress, 80);
        client.Shutdown(SocketShutdown.Send);
        server.Shutdown(SocketShutdown.Send);
        client.Close();

        var report = network.Report();
        Assert.Equal(0, Sockets(Owner(report, network.Client.Name)));
        Assert.Equal(0, Sockets(Owner(report, network.Server.Name)));
    }

    [Fact]
    public void Scan_Counts_EqualConntracksOwn()
    {
        using var network = new RoutedNetwork();
        for (var i = 0; i < 40; i++)
        {
            var (client, server) = network.Connect(i % 2 == 0 ? network.ServerAddress : network.ServiceAddress, i % 2 == 0 ? RoutedNetwork.ServerPort : 80);
            (i % 3 == 0 ? client : server).Shutdown(SocketShutdown.Send);
        }

        var report = network.Report("--Collection:Conntrack=netlink");
        var byProcFs = network.Report("--Collection:Conntrack=procfs");
        var expected = network.Router.Execute("conntrack", "-L", "-p", "tcp", "--state", "CLOSE_WAIT").Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;
        Assert.Equal(40, expected);
        Assert.Equal(expected, report.GetProperty("conntrack").GetProperty("byTcpState").GetProperty("closeWait").GetInt32());
        Assert.Equal(expected, byProcFs.GetProperty("conntrack").GetProperty("byTcpState").GetProperty("closeWait").GetInt32());
        var server40 = Owner(report, network.Server.Name).GetProperty("halfClosed");
        Assert.Equal(14, server40.GetProperty("closedByPeer").GetInt32());
        Assert.Equal(26, server40.GetProperty("closedByPod").GetInt32());
        Assert.Equal(40, server40.GetProperty("conntrack").GetProperty("host").GetProperty("closeWait").GetInt32());
    }

    [Fact]
    public void Scan_WithoutCapabilities_CountsTheRoutersOwnSocketsAndSaysWhatIsLost()
    {
        using var network = new RoutedNetwork();
        var report = network.ReportAs(["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all"]);
        var conntrack = report.GetProperty("sources").EnumerateArray().Single(static source => source.GetProperty("name").GetString() == "conntrack");
        Assert.Equal("procfs", conntrack.GetProperty("backend").GetString());
        Assert.Contains("CAP_NET_ADMIN", conntrack.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    private static void AssertHalfClosed(JsonElement owner, string state, string closer)
    {
        var halfClosed = owner.GetProperty("halfClosed");
        Assert.Equal(1, Sockets(owner));
        Assert.Equal(1, halfClosed.GetProperty("sockets").GetProperty(state).GetInt32());
        Assert.Equal(1, halfClosed.GetProperty(closer).GetInt32());
        Assert.Equal(1, halfClosed.GetProperty("conntrack").GetProperty("host").GetProperty("closeWait").GetInt32());
        Assert.Equal(0, halfClosed.GetProperty("untracked").GetInt32());
    }

    private static int Sockets(JsonElement owner) =>
        owner.GetProperty("halfClosed").GetProperty("sockets").EnumerateObject().Sum(static state => state.Value.GetInt32());

    private static string NameOf(JsonElement finding) => finding.GetProperty("subject").GetProperty("name").GetString()!;

    private static JsonElement Owner(JsonElement report, string network) =>
        report.GetProperty("pods").EnumerateArray().Single(pod => pod.GetProperty("name").GetString() == string.Create(CultureInfo.InvariantCulture, $"netns:{network}"));

    private static void Until(Func<bool> condition)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), "the condition did not hold within 30 s");
            Thread.Yield();
        }
    }
}
