using System.Net;
using System.Net.Sockets;
using Agent.Core.Attribution;
using Agent.Kernel.Namespaces;
using Agent.Kernel.SockDiag;
using Agent.KernelTests.Testing;
using Xunit;

namespace Agent.KernelTests.Namespaces;

public sealed class SocketOwnersTests
{
    [Fact]
    public void Search_HalfClosedSocket_FindsTheProcessThatHoldsIt()
    {
        using var network = new NetworkNamespaceFixture();
        using var pair = network.Inside(() => TcpPair.Open(IPAddress.Loopback));
        pair.Client.Shutdown(SocketShutdown.Send);
        var sockets = network.Inside(() => SocketList.Await(
            () => SocketList.FromNetlink(TcpStates.HalfClosed), static found => found.Exists(static socket => socket.State == TcpState.CloseWait)));
        var inode = Assert.Single(sockets, static socket => socket.State == TcpState.CloseWait).Inode;
        using var table = new ProcessTable(new ProcessTableOptions(), new CgroupClassifier().Classify);
        table.Refresh(TimeSpan.Zero);
        var self = table.Find(Environment.ProcessId)!;
        using var owners = new SocketOwners("/proc");

        owners.BeginScan();
        owners.Search([0, inode, ulong.MaxValue], [self]);

        Assert.Same(self, owners.Find(inode));
        Assert.Null(owners.Find(ulong.MaxValue));
        Assert.Null(owners.Find(0));
        Assert.Equal(0, owners.Denied);
        Assert.False(owners.IsExhausted);
    }

    [Fact]
    public void Search_SocketKnownFromTheScanBefore_NeedsNoCandidates()
    {
        using var pair = TcpPair.Open(IPAddress.Loopback);
        var inode = InodeOf(pair.Client);
        using var table = new ProcessTable(new ProcessTableOptions(), new CgroupClassifier().Classify);
        table.Refresh(TimeSpan.Zero);
        using var owners = new SocketOwners("/proc");
        owners.BeginScan();
        owners.Search([inode], [table.Find(Environment.ProcessId)!]);

        owners.BeginScan();
        owners.Search([inode], []);
        Assert.NotNull(owners.Find(inode));

        // Not asked for in this scan: forgotten after it.
        owners.BeginScan();
        owners.BeginScan();
        Assert.Null(owners.Find(inode));
    }

    [Fact]
    public void Search_ProcessThatMayNotBeLookedAt_IsCounted()
    {
        using var process = System.Diagnostics.Process.Start("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", "sleep", "1000"]);
        try
        {
            var patience = System.Diagnostics.Stopwatch.StartNew();
            while (File.ReadAllText($"/proc/{process.Id}/comm").Trim() != "sleep" && patience.Elapsed < TimeSpan.FromSeconds(10))
            {
                TestContext.Current.CancellationToken.WaitHandle.WaitOne(5);
            }

            var denied = Unprivileged.Run(() =>
            {
                using var table = new ProcessTable(new ProcessTableOptions(), new CgroupClassifier().Classify);
                table.Refresh(TimeSpan.Zero);
                using var owners = new SocketOwners("/proc");
                owners.BeginScan();
                owners.Search([ulong.MaxValue], [table.Find(process.Id)!]);
                return owners.Denied;
            });

            Assert.Equal(1, denied);
        }
        finally
        {
            process.Kill();
            process.WaitForExit();
        }
    }

    private static ulong InodeOf(Socket socket)
    {
        var link = new FileInfo($"/proc/self/fd/{socket.Handle}").LinkTarget!;
        return ulong.Parse(link["socket:[".Length..^1], System.Globalization.CultureInfo.InvariantCulture);
    }
}
