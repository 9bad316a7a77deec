using Agent.Configuration;
using Agent.Core.Diagnosis;
using Agent.KernelTests.Testing;
using Agent.Sources;
using Xunit;

namespace Agent.KernelTests.Sources;

public sealed class NodeScannerLeakTests
{
    private const int Scans = 1000;

    [Fact]
    public void Scan_ManyTimesWhileNamespacesComeAndGo_LeaksNoDescriptorThreadOrNamespace()
    {
        using var scanner = new NodeScanner(new CollectionOptions(), new PodsOptions(), new DiagnosisOptions(), null, TimeProvider.System);
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

    /// <summary>What the fixtures' own processes leave to finalizers is not the scanner's.</summary>
    private static int Count(string directory)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Directory.GetFileSystemEntries($"/proc/self/{directory}").Length;
    }
}
