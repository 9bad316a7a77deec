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

    private static Listener ListenerOf(NodeScanner scanner, NetworkNamespaceFixture network) =>
        scanner.Scan(ScanRequest.Full, TestContext.Current.CancellationToken).Pods.Single(pod => pod.Identity.Name == $"netns:{network.Name}").Listeners.Single();

    /// <summary>What the fixtures' own processes leave to finalizers is not the scanner's.</summary>
    private static int Count(string directory)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Directory.GetFileSystemEntries($"/proc/self/{directory}").Length;
    }
}
