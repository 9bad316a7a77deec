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
        var descriptors = Descriptors();

        for (var i = 1; i <= 1000; i++)
        {
            Scan(i);
        }

        Assert.InRange(Descriptors(), 1, descriptors);
        Assert.Equal(1, Threads());

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

    /// <summary>Sockets, namespaces, and files and directories of /proc and /run: whatever a scan opens. The runtime opens others of its own as it likes.</summary>
    private static int Descriptors() => new DirectoryInfo("/proc/self/fd").EnumerateFileSystemInfos()
        .Select(static descriptor => descriptor.LinkTarget ?? "")
        .Count(static target => target.StartsWith("/proc", StringComparison.Ordinal) || target.StartsWith("/run/", StringComparison.Ordinal)
            || target.StartsWith("net:", StringComparison.Ordinal) || target.StartsWith("socket:", StringComparison.Ordinal));

    /// <summary>Threads of the kind that enters namespaces.</summary>
    private static int Threads() => Directory.GetDirectories("/proc/self/task").Count(static task => File.ReadAllText($"{task}/comm").Trim() == "namespaces");
}

[CollectionDefinition(nameof(LeakTests), DisableParallelization = true)]
public sealed class LeakTestCollection;
