using System.Net;
using Agent.Core.Attribution;
using Agent.Kernel.Namespaces;
using Agent.Kernel.Netlink;
using Agent.Kernel.ProcFs;
using Agent.Kernel.SockDiag;
using Agent.KernelTests.Testing;
using Xunit;

namespace Agent.KernelTests.Namespaces;

/// <summary>Counts what this process holds, so nothing else may run beside it.</summary>
[Collection(nameof(LeakTests))]
public sealed class LeakTests
{
    [Fact]
    public void Scan_ThousandTimes_LeaksNeitherDescriptorsNorThreads()
    {
        using var network = new NetworkNamespaceFixture();
        using var nameOnly = new NetworkNamespaceFixture();
        using var pair = network.Inside(() => TcpPair.Open(IPAddress.Loopback, accept: false));
        using var process = IdleProcess.Start(network);
        using var buffer = new NetlinkBuffer();
        using var table = new ProcessTable(new ProcessTableOptions(), new CgroupClassifier().Classify);
        using var thread = new NamespaceThread("/proc");
        using var owners = new SocketOwners("/proc");
        string[] names = [network.Name, nameOnly.Name];
        var tables = new NetDirectory();
        Scan(0);
        var descriptors = Count("fd");
        var threads = Count("task");

        for (var i = 1; i <= 1000; i++)
        {
            Scan(i);
        }

        Assert.InRange(Count("fd"), 1, descriptors + 2);
        Assert.InRange(Count("task"), 1, threads + 2);

        void Scan(int number)
        {
            table.Refresh(TimeSpan.FromMilliseconds(number));
            owners.BeginScan();
            owners.Search([ulong.MaxValue], table.Find(Environment.ProcessId)!.Namespace!.Processes);
            thread.Run(visitor =>
            {
                foreach (var target in table.Namespaces.Where(candidate => names.Contains(candidate.Name)))
                {
                    Assert.True(visitor.TryEnter(target, out _));
                    using var diag = SockDiagNetlink.Open(buffer);
                    var list = new SocketList();
                    diag.Dump(TcpStates.All, SockDiagExtensions.Info, ref list);
                    Assert.NotNull(tables.ReadCounters(NamespaceVisitor.NetPath));
                    if (number % 20 == 0)
                    {
                        Assert.True(tables.TryDumpSockets(NamespaceVisitor.NetPath, ref list, out _));
                    }
                }
            });
        }
    }

    private static int Count(string directory) => Directory.GetFileSystemEntries($"/proc/self/{directory}").Length;
}

[CollectionDefinition(nameof(LeakTests), DisableParallelization = true)]
public sealed class LeakTestCollection;
