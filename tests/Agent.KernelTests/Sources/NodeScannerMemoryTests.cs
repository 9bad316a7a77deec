using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Agent.Configuration;
using Agent.Core.Model;
using Agent.KernelTests.Testing;
using Agent.Sources;
using Xunit;

namespace Agent.KernelTests.Sources;

/// <summary>Counts what the whole process holds, so nothing else may run meanwhile.</summary>
[Collection(nameof(Namespaces.LeakTests))]
public sealed class NodeScannerMemoryTests
{
    private const int Scans = 1000;

    [Fact]
    public void Scan_ManyTimesWhileNamespacesComeAndGo_LeaksNoDescriptorThreadOrNamespace()
    {
        using var scanner = new NodeScanner(new CollectionOptions(), new PodsOptions(), null, TimeProvider.System);
        using var stays = new NetworkNamespaceFixture();
        scanner.Scan(ScanRequest.Full, TestContext.Current.CancellationToken);
        var before = (Descriptors: Count("fd"), Threads: Count("task"));

        for (var i = 0; i < Scans; i++)
        {
            using var passing = i % 25 == 0 ? new NetworkNamespaceFixture() : null;
            using var inside = passing is null ? null : IdleProcess.Start(passing);
            var snapshot = scanner.Scan(new ScanRequest(DumpConntrack: i % 4 == 0), TestContext.Current.CancellationToken);
            if (passing is not null)
            {
                Assert.Contains(snapshot.Pods, pod => pod.Identity.Name == $"netns:{passing.Name}");
            }
        }

        var last = scanner.Scan(ScanRequest.Full, TestContext.Current.CancellationToken);
        Assert.Contains(last.Pods, pod => pod.Identity.Name == $"netns:{stays.Name}");
        // The runtime starts and ends threads of its own; a leak is one a scan.
        Assert.InRange(Count("fd"), 0, before.Descriptors + 10);
        Assert.InRange(Count("task"), 0, before.Threads + 10);
    }

    [Fact]
    public void Scan_Twice_RemembersWhatTheFirstSaw()
    {
        using var scanner = new NodeScanner(new CollectionOptions(), new PodsOptions(), null, TimeProvider.System);
        using var network = new NetworkNamespaceFixture();
        using var listener = network.Inside(static () =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            socket.Listen();
            return socket;
        });

        Assert.Null(ListenerOf(scanner, network).IdleClosesSeen);
        Assert.Equal(0, ListenerOf(scanner, network).IdleClosesSeen);
    }

    /// <summary>How a reload is known: the server's new workers.</summary>
    [Fact]
    public void Scan_AnotherProcessOfAProgram_IsTheNewestWorkerSinceItsStart()
    {
        using var scanner = new NodeScanner(new CollectionOptions(), new PodsOptions(), null, TimeProvider.System);
        using var network = new NetworkNamespaceFixture();
        Snapshot Scan() => scanner.Scan(ScanRequest.Full, TestContext.Current.CancellationToken);
        PodSnapshot In(Snapshot snapshot) => snapshot.Pods.Single(pod => pod.Identity.Name == $"netns:{network.Name}");

        using var master = IdleProcess.Start(network);
        Assert.Null(In(Scan()).NewestWorkerRunning);

        // A busy machine lets that much pass between the time of a scan and that of its readings.
        var slack = TimeSpan.FromMilliseconds(300);
        Thread.Sleep(slack);
        var before = DateTimeOffset.UtcNow;
        using var worker = IdleProcess.Start(network);
        var after = DateTimeOffset.UtcNow;
        Thread.Sleep(slack);
        var last = Scan();
        Assert.InRange(last.TakenAt - In(last).NewestWorkerRunning!.Value, before - slack, after + slack);
    }

    [Fact]
    public void Scan_NumberOfANamespaceGivenAgain_InheritsNothing()
    {
        using var scanner = new NodeScanner(new CollectionOptions(), new PodsOptions(), null, TimeProvider.System);
        using var others = new Others();
        var (before, again) = (default(((ulong Inode, ulong Id) Numbers, ulong Instance)), default(NetworkNamespaceFixture));
        var watch = Stopwatch.StartNew();
        while (again is null)
        {
            // Another program's namespace may have been given the numbers in between.
            Assert.True(watch.Elapsed < TimeSpan.FromMinutes(2), "the kernel does not give numbers again");
            before = Watched(new NetworkNamespaceFixture(), "10.111.0.1");
#pragma warning disable CA2000 // The loop ends with the first, which is disposed of below.
            again = others.TryMakeAgain(before.Numbers);
#pragma warning restore CA2000
        }

        using var after = again;
        using var process = IdleProcess.Start(after);
        after.Ip("addr add 10.111.0.2/32 dev lo");

        var pod = Find(after);
        Assert.Equal(before.Numbers.Inode, pod.NamespaceInode);
        Assert.NotEqual(before.Instance, pod.NamespaceInstance);
        Assert.Equal(["10.111.0.2"], pod.Addresses.Select(static address => address.ToString()));

        ((ulong Inode, ulong Id) Numbers, ulong Instance) Watched(NetworkNamespaceFixture network, string address)
        {
            using (network)
            {
                using var inside = IdleProcess.Start(network);
                network.Ip($"addr add {address}/32 dev lo");
                var seen = Find(network);
                Assert.Equal([address], seen.Addresses.Select(static address => address.ToString()));
                return (network.Numbers, seen.NamespaceInstance);
            }
        }

        // A name is there a moment before it is mounted, and a listing may fall into that moment.
        PodSnapshot Find(NetworkNamespaceFixture network) => Enumerable.Range(0, 5)
            .Select(_ => scanner.Scan(ScanRequest.Full, TestContext.Current.CancellationToken).Pods.SingleOrDefault(pod => pod.Identity.Name == $"netns:{network.Name}"))
            .First(static pod => pod is not null)!;
    }

    [Fact]
    public void Scan_NameStaysWhileProcessesComeAndGo_IsTheSameNamespace()
    {
        using var network = new NetworkNamespaceFixture();
        using var scanner = new NodeScanner(new CollectionOptions(), new PodsOptions(), null, TimeProvider.System);
        _ = Instance();
        var first = Instance();
        using (IdleProcess.Start(network))
        {
            Assert.Equal(first, Instance());
        }

        using (IdleProcess.Start(network))
        {
            Assert.Equal(first, Instance());
        }

        Assert.Equal(first, Instance());

        ulong Instance() => scanner.Scan(ScanRequest.Full, TestContext.Current.CancellationToken)
            .Pods.Single(pod => pod.Identity.Name == $"netns:{network.Name}").NamespaceInstance;
    }

    private static Listener ListenerOf(NodeScanner scanner, NetworkNamespaceFixture network) =>
        scanner.Scan(ScanRequest.Full, TestContext.Current.CancellationToken).Pods.Single(pod => pod.Identity.Name == $"netns:{network.Name}").Listeners.Single();

    /// <summary>What the fixtures' own processes leave to finalizers is not the scanner's.</summary>
    private static int Count(string directory)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Directory.GetFileSystemEntries($"/proc/self/{directory}").Length;
    }

    /// <summary>Namespaces that take what numbers are free in between, so that those of the next ones follow each other.</summary>
    private sealed class Others : IDisposable
    {
        private readonly List<NetworkNamespaceFixture> _networks = [];

        /// <summary>Makes namespaces until the kernel gives one both numbers that a dead one had: the lowest free ones.</summary>
        public NetworkNamespaceFixture? TryMakeAgain((ulong Inode, ulong Id) numbers)
        {
            for (var i = 0; i < 5; i++)
            {
                // A dead one's are free when a worker of the kernel has taken it apart.
                Thread.Sleep(20);
                var network = new NetworkNamespaceFixture();
                if (network.Numbers == numbers)
                {
                    return network;
                }

                _networks.Add(network);
            }

            return null;
        }

        public void Dispose() => _networks.ForEach(static network => network.Dispose());
    }
}
