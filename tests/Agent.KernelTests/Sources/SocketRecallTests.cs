using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Agent.Configuration;
using Agent.Core.Model;
using Agent.Kernel.SockDiag;
using Agent.KernelTests.Testing;
using Agent.Sources;
using Xunit;

namespace Agent.KernelTests.Sources;

/// <summary>
/// A namespace in which nothing has happened is not dumped again. A scanner that remembers must say what one that has just begun says,
/// whatever has changed, above all what changes without a segment. Its clock goes an hour ahead at each scan: a connection that has been
/// idle for so long shows that the namespace was not dumped.
/// </summary>
public sealed class SocketRecallTests : IDisposable
{
    private const int MostRounds = 300;

    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1);

    private readonly NetworkNamespaceFixture _network = new();
    private readonly List<IDisposable> _sockets = [];
    private readonly HastyTime _time = new();
    private readonly NodeScanner _scanner;
    private readonly TcpPair _idle;

    public SocketRecallTests()
    {
        _scanner = NewScanner(new());
        _idle = Open();
        _idle.Server!.Send("answer"u8);
        _idle.Client.Receive(new byte[6]);
    }

    public static TheoryData<string> Changes => [.. s_changes.Keys];

    private static readonly Dictionary<string, Action<SocketRecallTests>> s_changes = new()
    {
        ["nothing"] = static _ => { },
        ["a connection opens"] = static test => test.Open(),
        ["a connection that waited is accepted"] = static test => test._sockets.Add(test._waiting.Listener.Accept()),
        ["another one waits"] = static test =>
        {
            var client = test._network.Inside(static () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
            test._sockets.Add(client);
            client.Connect(IPAddress.Loopback, test._waiting.Port);
        },
        ["a listener takes another backlog"] = static test => test._waiting.Listener.Listen(3),
        ["a listener takes the place of another"] = static test =>
        {
            test._unused.Dispose();
            test._sockets.Add(test.Listen());
        },
        ["a listener takes the port of another"] = static test =>
        {
            var port = ((IPEndPoint)test._unused.LocalEndPoint!).Port;
            test._unused.Dispose();
            test._sockets.Add(test.Listen(port));
        },
        ["a listener is gone"] = static test => test._unused.Dispose(),
        ["what lay unread is read"] = static test => test._unread.Server!.Receive(new byte[3]),
        ["the owner of CLOSE_WAIT closes"] = static test => test._unread.Server!.Close(),
        ["the owner of FIN_WAIT2 closes"] = static test => test._unread.Client.Close(),
        ["FIN_WAIT2 without an owner expires"] = static test =>
        {
            test._network.Execute("sysctl", "-qw", "net.ipv4.tcp_fin_timeout=1");
            test._unread.Client.Close();
            Assert.Equal(1, test.Scan(test._scanner).Tcp![TcpState.FinWait2]);
            test.Until(static sockets => !sockets.Exists(static socket => socket.State == TcpState.FinWait2));
        },
        ["a request comes"] = static test => test._idle.Client.Send("request"u8),
        ["somebody destroys a connection"] = static test => test._network.Execute("ss", "-K", "sport", "=", test._idle.Port.ToString(CultureInfo.InvariantCulture)),
        ["a connection times out"] = static test =>
        {
            test._network.Execute("iptables", "-w", "-A", "INPUT", "-p", "tcp", "--sport", $"{test._idle.Port}", "-j", "DROP");
            test._idle.Server!.SetRawSocketOption((int)ProtocolType.Tcp, TcpUserTimeout, BitConverter.GetBytes(300));
            test._idle.Server.Send("lost"u8);
            test.Until(sockets => !sockets.Exists(socket => socket.State == TcpState.Established && socket.Tuple.SourcePort == test._idle.Port));
        },
        ["an owner goes"] = static test => test._idle.Dispose(),
    };

    // include/uapi/linux/tcp.h
    private const int TcpUserTimeout = 18;

    private TcpPair _waiting = null!;
    private TcpPair _unread = null!;
    private Socket _unused = null!;

    [Theory]
    [MemberData(nameof(Changes))]
    public void Scan_NamespaceAtRest_SaysWhatAFreshScannerSays(string change)
    {
        _waiting = Open(accept: false);
        _unused = Listen();
        _sockets.Add(_unused);
        _unread = Open();
        _unread.Client.Send("unread"u8);
        _unread.Client.Shutdown(SocketShutdown.Send);
        AwaitRest(_scanner);

        s_changes[change](this);
        AssertSame(Scan(_scanner), Fresh());
        AssertSame(Scan(_scanner), Fresh());
        if (change == "nothing")
        {
            Assert.True(Scan(_scanner).Listeners.Max(static listener => listener.LongestIdle) > s_hour);
        }
    }

    [Fact]
    public void Scan_NamespaceAtRestByProcFs_SaysWhatAFreshScannerSays()
    {
        var options = new CollectionOptions { Sockets = BackendChoice.ProcFs };
        using var scanner = NewScanner(options);
        for (var i = 0; i < 4; i++)
        {
            AssertSame(Scan(scanner), Fresh(options));
        }

        _waiting = Open(accept: false);
        for (var i = 0; i < 4; i++)
        {
            AssertSame(Scan(scanner), Fresh(options));
        }

        _sockets.Add(_waiting.Listener.Accept());
        AssertSame(Scan(scanner), Fresh(options));
    }

    /// <summary>One namespace is dumped in each scan when the budget is nearly nothing; what is shown of the others says how old it is.</summary>
    [Fact]
    public void Scan_OverTheBudget_ShowsWhatWasThereAndItsAge()
    {
        using var other = new NetworkNamespaceFixture();
        using var pair = other.Inside(static () => TcpPair.Open(IPAddress.Loopback));
        _unread = Open();
        _unread.Client.Send(new byte[MostRounds]);
        _unread.Client.Shutdown(SocketShutdown.Send);
        Until(static sockets => sockets.Exists(static socket => socket.State == TcpState.FinWait2));
        var known = ScanOverTheBudget().Tcp![TcpState.Established];
        var (waited, read) = (0, 0);
        for (var i = 0; i < MostRounds && (waited < 3 || read < 2); i++)
        {
            // Neither namespace comes to rest, so they take turns.
            Connect();
            pair.Client.Send(new byte[1]);
            _unread.Server!.Receive(new byte[1]);
            var pod = ScanOverTheBudget();
            Assert.Equal((1, _unread.Server.Available), (pod.HalfClosed.CloseWaitSockets, pod.HalfClosed.UnreadBytes));
            if (pod.SocketsAge > TimeSpan.Zero)
            {
                waited++;
                Assert.True(pod.SocketsAge >= s_hour);
                Assert.Equal(known, pod.Tcp![TcpState.Established]);
            }
            else
            {
                read++;
                AssertSame(pod, Fresh());
                known = pod.Tcp![TcpState.Established];
            }
        }

        Assert.True(waited >= 3 && read >= 2, $"{waited} scans showed old sockets, {read} new ones");

        void Connect()
        {
            var client = _network.Inside(static () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
            _sockets.Add(client);
            client.Connect(IPAddress.Loopback, _idle.Port);
            _sockets.Add(_idle.Listener.Accept());
        }
    }

    /// <summary>A server that dies and is started again between two scans is seen, whether its namespace is dumped or waits for its turn.</summary>
    [Fact]
    public void Scan_OverTheBudget_SeesEachServerThatWasReplaced()
    {
        using var other = new NetworkNamespaceFixture();
        using var pair = other.Inside(static () => TcpPair.Open(IPAddress.Loopback));
        _unused = Listen();
        var port = ((IPEndPoint)_unused.LocalEndPoint!).Port;
        // The first dump of a namespace has nothing to be compared with.
        for (var i = 0; i < MostRounds && Replaced(ScanOverTheBudget()) is null; i++)
        {
            _idle.Client.Send(new byte[1]);
        }

        var waited = 0;
        for (var i = 1; i < MostRounds && waited < 3; i++)
        {
            _unused.Dispose();
            _unused = Listen(port);
            _idle.Client.Send(new byte[1]);
            pair.Client.Send(new byte[1]);
            var pod = ScanOverTheBudget();
            waited += pod.SocketsAge > TimeSpan.Zero ? 1 : 0;
            Assert.Equal(i, Replaced(pod));
        }

        _sockets.Add(_unused);
        Assert.Equal(3, waited);

        long? Replaced(PodSnapshot pod) => pod.Listeners.Single(listener => listener.Port == port).Restarts;
    }

    public void Dispose()
    {
        _scanner.Dispose();
        _sockets.ForEach(static socket => socket.Dispose());
        _network.Dispose();
    }

    private void Until(Func<List<TcpSocket>, bool> isReady) =>
        Assert.True(isReady(_network.Inside(() => SocketList.Await(() => SocketList.FromNetlink(), isReady))), "the sockets do not become as expected");

    private NodeScanner NewScanner(CollectionOptions options) => new(options, new PodsOptions(), null, _time);

    private TcpPair Open(bool accept = true)
    {
        var pair = _network.Inside(() => TcpPair.Open(IPAddress.Loopback, accept: accept));
        _sockets.Add(pair);
        return pair;
    }

    private Socket Listen(int port = 0) => _network.Inside(() =>
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        // A program that another test is just starting still has all sockets that were open a moment ago.
        for (var watch = Stopwatch.StartNew(); !TryBind(listener, port); Thread.Sleep(1))
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"port {port} is in use");
        }

        listener.Listen();
        return listener;
    });

    private static bool TryBind(Socket socket, int port)
    {
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return false;
        }
    }

    private PodSnapshot ScanOverTheBudget() => Scan(_scanner, budgetPercent: 1e-9);

    private PodSnapshot Scan(NodeScanner scanner, double? budgetPercent = null)
    {
        _time.Ahead += s_hour;
        var request = new ScanRequest(DumpConntrack: false) { SocketBudgetPercent = budgetPercent };
        return scanner.Scan(request, TestContext.Current.CancellationToken).Pods.Single(pod => pod.Identity.Name == $"netns:{_network.Name}");
    }

    private PodSnapshot Fresh(CollectionOptions? options = null)
    {
        using var scanner = NewScanner(options ?? new());
        return Scan(scanner);
    }

    /// <summary>Acknowledgements may be on their way for a while.</summary>
    private void AwaitRest(NodeScanner scanner)
    {
        var watch = Stopwatch.StartNew();
        while (!(Scan(scanner).Listeners.Max(static listener => listener.LongestIdle) > s_hour))
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), "the namespace does not come to rest");
        }
    }

    private static void AssertSame(PodSnapshot remembered, PodSnapshot fresh)
    {
        Assert.Equal(fresh.Tcp!.Counts, remembered.Tcp!.Counts);
        Assert.Equal(fresh.Listeners.Select(Said).Order(), remembered.Listeners.Select(Said).Order());
        Assert.Equal(Said(fresh.HalfClosed), Said(remembered.HalfClosed));
        Assert.Equal(fresh.Counters, remembered.Counters);

        static string Said(object part) => part switch
        {
            Listener port => $"{port.Address}:{port.Port} {port.Queued}/{port.Backlog} {port.Established} {port.ClosedByPodFirst}",
            HalfClosedSummary sum => $"{sum.CloseWaitSockets} {sum.FinWait1Sockets} {sum.FinWait2Sockets} {sum.UnreadBytes} {sum.ClosedByPeer} {sum.ClosedByPod}",
            _ => throw new ArgumentException("neither a listener nor a sum", nameof(part)),
        };
    }
}
