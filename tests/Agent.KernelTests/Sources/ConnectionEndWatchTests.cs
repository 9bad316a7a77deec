using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Agent.Configuration;
using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.Kernel.Ends;
using Agent.Kernel.SockDiag;
using Agent.KernelTests.SockDiag;
using Agent.KernelTests.Testing;
using Agent.Sources;
using Xunit;

namespace Agent.KernelTests.Sources;

/// <summary>Connections in private namespaces of this machine, heard from the host's and found by scans.</summary>
[Collection(nameof(Namespaces.LeakTests))]
public sealed class ConnectionEndWatchTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly ConcurrentBag<JudgedEnd> _judged = [];
    private readonly ConnectionEndWatch _watch;
    private NodeScanner _scanner = NewScanner();

    public ConnectionEndWatchTests() => _watch = new(new() { CpuBudgetPercent = 100 }, TimeProvider.System, new Observer(_judged));

    public void Dispose()
    {
        _scanner.Dispose();
        _watch.Dispose();
    }

    [Fact]
    public void Scan_ConnectionsThatEnded_AreCountedForTheirNamespace()
    {
        using var first = new NetworkNamespaceFixture();
        using var second = new NetworkNamespaceFixture();
        using var firstProcess = IdleProcess.Start(first);
        using var secondProcess = IdleProcess.Start(second);
        var before = Scan();
        Assert.Equal(0, Ends(before, first)!.Server.Total);

        Connect(first, 7, 10_001);
        Connect(second, 11, 10_002);
        Connect(second, 2, 10_002, TimeSpan.FromMilliseconds(300));

        // Of the two ends of a connection a worker of the kernel tells one later than the other.
        var after = ScanUntil(snapshot => Totals(snapshot, first) == (7, 7) && Totals(snapshot, second) == (13, 13));
        Assert.True(after.ConnectionEnds!.Seen >= 40, "fewer were seen than were counted");
        Assert.Equal(1, after.ConnectionEnds.WatchedShare);
        Assert.True(Ends(after, first)!.Watched > TimeSpan.Zero);
        // Namespaces of other tests may go while they are entered: one scan without that is enough.
        ScanUntil(static snapshot => snapshot.Source(SourceNames.ConnectionEnds) is { Status: SourceStatus.Ok });

        // Those that had been idle, and only those.
        var idle = ScanUntil(snapshot => Ends(snapshot, second)!.IdleCloses.Sum(static closes => closes.Count) == 2);
        var closes = Assert.Single(Ends(idle, second)!.IdleCloses);
        Assert.Equal(10_002, closes.Port);
        Assert.InRange(closes.Median.TotalSeconds, 0.25, 1);
        Assert.Empty(Ends(idle, first)!.IdleCloses);
    }

    /// <summary>As report --window does it: nothing is waited for after the window, and nothing is left open.</summary>
    [Fact]
    public void Finish_TheNextScanHasAllOfTheWindow_AndNothingLater()
    {
        using var network = new NetworkNamespaceFixture();
        using var process = IdleProcess.Start(network);
        // The kernel tells the youngest listener first (netlink_update_subscriptions): what this one has heard, the watch has.
        using var witness = network.Inside(static () => ConnectionEndListener.Open("/proc"));
        var recorder = new EndRecorder(witness);
        Scan();
        Connect(network, 5, 10_006);
        Connect(network, 3, 10_006, TimeSpan.FromMilliseconds(300));

        // A worker of the kernel tells the ends (sock_diag_broadcast_destroy), on a busy machine some time after they were.
        recorder.ReadUntil(() => recorder.In(ConnectionEnd.HostNamespace).Count() == 16, "not every end was heard");
        _watch.Finish();
        Connect(network, 4, 10_006);
        var ends = Ends(Scan(), network)!;

        Assert.Equal((8, 8), (ends.Server.Total, ends.Client.Total));
        Assert.Equal(3, Assert.Single(ends.IdleCloses).Count);
        Assert.Equal(0, ends.Server[EndKind.Other] + ends.Client[EndKind.Other]);
    }

    [Fact]
    public void Scan_WithAnotherScanner_CountsGoOnAndNothingTwice()
    {
        using var network = new NetworkNamespaceFixture();
        using var process = IdleProcess.Start(network);
        Scan();
        Connect(network, 5, 10_003);
        ScanUntil(snapshot => Ends(snapshot, network)!.Server.Total == 5);

        // As after a reload: between the two scanners connections end, too.
        _scanner.Dispose();
        Connect(network, 4, 10_003);
        _scanner = NewScanner();
        _watch.Apply(new() { CpuBudgetPercent = 100, Interval = TimeSpan.FromSeconds(7) });
        ScanUntil(snapshot => Ends(snapshot, network)!.Server.Total == 9);
        Connect(network, 1, 10_003);

        ScanUntil(snapshot => Totals(snapshot, network) == (10, 10));
    }

    [Fact]
    public void Scan_NamespaceGone_ItsLastEndsAreCountedForIt()
    {
        string name;
        using (var network = new NetworkNamespaceFixture())
        {
            name = $"netns:{network.Name}";
            using var process = IdleProcess.Start(network);
            Scan();
            Connect(network, 3, 10_004);
            ScanUntil(snapshot => Ends(snapshot, network)!.Server.Total == 3);
            Connect(network, 6, 10_004);
        }

        var last = ScanUntil(snapshot => Totals(Gone(snapshot)) == (9, 9));
        Assert.DoesNotContain(last.Pods, pod => pod.Identity.Name == name);

        EndsSummary? Gone(Snapshot snapshot) => snapshot.Gone.SingleOrDefault(gone => gone.Identity.Name == name)?.Ends;
    }

    [Fact]
    public void Scan_EndsBeforeTheNamespaceWasFound_CountForItsOwner()
    {
        using var network = new NetworkNamespaceFixture();
        using var process = IdleProcess.Start(network);
        Scan();

        // A veth pair gives a namespace its number at once, as a CNI does for a pod; the scan comes later.
        using var late = new NetworkNamespaceFixture();
        using var lateProcess = IdleProcess.Start(late);
        AddLink(late);
        Connect(late, 8, 10_005);

        ScanUntil(snapshot => Totals(snapshot, late) == (8, 8));
    }

    [Fact]
    public void Apply_Off_ListensNoMore()
    {
        Scan();
        _watch.Apply(new() { ConnectionEnds = ConnectionEndsChoice.Off });

        var snapshot = Scan();

        Assert.Null(snapshot.ConnectionEnds);
        Assert.All(snapshot.Pods, static pod => Assert.Null(pod.Ends));
        Assert.Equal((SourceStatus.Unavailable, "off"), (snapshot.Source(SourceNames.ConnectionEnds)!.Status, snapshot.Source(SourceNames.ConnectionEnds)!.Backend));
    }

    /// <summary>Each namespace has a port of its own, so an end that is counted for another one shows; reloads come amid.</summary>
    [Fact]
    public void Scan_NamespacesComeAndGoTwentyASecond_NoEndIsCountedForAnother_NorTwice()
    {
        const int namespaces = 100;
        Scan();
        var ports = new Dictionary<string, int>();
        var (descriptors, stop) = (CountSockets(), false);
        var scans = new Thread(() =>
        {
            for (var scan = 1; !Volatile.Read(ref stop); scan++)
            {
                Scan();
                if (scan % 5 == 0)
                {
                    // As after a reload.
                    _scanner.Dispose();
                    _scanner = NewScanner();
                    _watch.Apply(new() { CpuBudgetPercent = 100, Interval = TimeSpan.FromSeconds(1 + scan) });
                }
            }
        });
        scans.Start();
        for (var i = 0; i < namespaces; i++)
        {
            var started = Stopwatch.GetTimestamp();
            using (var network = new NetworkNamespaceFixture())
            {
                using var process = IdleProcess.Start(network);
                ports[$"netns:{network.Name}"] = 11_000 + i;
                AddLink(network);
                Connect(network, 3, 11_000 + i);
            }

            var left = TimeSpan.FromMilliseconds(50) - Stopwatch.GetElapsedTime(started);
            if (left > TimeSpan.Zero)
            {
                TestContext.Current.CancellationToken.WaitHandle.WaitOne(left);
            }
        }

        Volatile.Write(ref stop, true);
        scans.Join();
        ScanUntil(snapshot => !snapshot.Pods.Any(pod => ports.ContainsKey(pod.Identity.Name)));

        var ours = _judged.Where(static end => end.ServerPort is >= 11_000 and < 11_000 + namespaces).ToArray();
        Assert.All(ours, end => Assert.Equal(end.ServerPort, ports.GetValueOrDefault(end.Pod.Name, end.ServerPort)));
        Assert.Contains(ours, end => ports.ContainsKey(end.Pod.Name));
        Assert.Equal(ours.Length, ours.DistinctBy(static end => (end.Tuple, end.Role)).Count());
        Assert.InRange(ours.Length, 1, 6 * namespaces);
        Assert.Equal(descriptors, CountSockets());
    }

    private static NodeScanner NewScanner() => new(new CollectionOptions(), new PodsOptions(), null, TimeProvider.System);

    private Snapshot Scan() => _scanner.Scan(new ScanRequest(DumpConntrack: false) { Ends = _watch }, TestContext.Current.CancellationToken);

    private Snapshot ScanUntil(Func<Snapshot, bool> condition)
    {
        var patience = Stopwatch.StartNew();
        while (true)
        {
            var snapshot = Scan();
            if (condition(snapshot))
            {
                return snapshot;
            }

            Assert.True(patience.Elapsed < s_patience, Describe(snapshot));
            TestContext.Current.CancellationToken.WaitHandle.WaitOne(100);
        }
    }

    private static string Describe(Snapshot snapshot) => $"{snapshot.ConnectionEnds}; {snapshot.Source(SourceNames.ConnectionEnds)}; "
        + string.Join("; ", snapshot.Pods.Where(static pod => pod.Ends is { } ends && ends.Server.Total + ends.Client.Total > 0)
            .Select(static pod => $"{pod.Identity.Name}: {string.Join(' ', pod.Ends!.Server.Counts)} / {string.Join(' ', pod.Ends.Client.Counts)}"));

    private static (long Server, long Client) Totals(Snapshot snapshot, NetworkNamespaceFixture network) => Totals(Ends(snapshot, network));

    private static (long Server, long Client) Totals(EndsSummary? ends) => (ends?.Server.Total ?? 0, ends?.Client.Total ?? 0);

    private static EndsSummary? Ends(Snapshot snapshot, NetworkNamespaceFixture network) =>
        snapshot.Pods.SingleOrDefault(pod => pod.Identity.Name == $"netns:{network.Name}")?.Ends;

    private static void AddLink(NetworkNamespaceFixture network)
    {
        using var process = Process.Start("ip", ["link", "add", $"v{network.Name[^9..]}", "type", "veth", "peer", "name", "eth0", "netns", network.Name]);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    private static int CountSockets() => Directory.GetFiles("/proc/self/fd")
        .Count(static file => new FileInfo(file).LinkTarget is { } target && target.StartsWith("socket:", StringComparison.Ordinal));

    /// <summary>Makes connections, one after the other, that the server closes first.</summary>
    private static void Connect(NetworkNamespaceFixture network, int connections, int port, TimeSpan idle = default) => network.Inside(() =>
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        server.Bind(new IPEndPoint(IPAddress.Loopback, port));
        server.Listen(8);
        for (var i = 0; i < connections; i++)
        {
            using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            client.Connect(server.LocalEndPoint!);
            using var accepted = server.Accept();
            client.Send("GET /"u8);
            Assert.Equal(5, accepted.Receive(new byte[8]));
            accepted.Send("200 OK"u8);
            Assert.Equal(6, client.Receive(new byte[8]));
            TestContext.Current.CancellationToken.WaitHandle.WaitOne(idle);
            accepted.Close();
            Assert.Equal(0, client.Receive(new byte[8]));
        }

        return port;
    });

    private sealed class Observer(ConcurrentBag<JudgedEnd> judged) : IEndObserver
    {
        public void OnJudged(in JudgedEnd end)
        {
            if (!end.IsCorrection)
            {
                judged.Add(end);
            }
        }
    }
}
