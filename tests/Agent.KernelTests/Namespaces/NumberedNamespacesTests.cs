using System.Net.Sockets;
using Agent.Core.Attribution;
using Agent.Kernel.Namespaces;
using Agent.Kernel.ProcFs;
using Agent.KernelTests.Testing;
using Xunit;

namespace Agent.KernelTests.Namespaces;

public sealed class NumberedNamespacesTests
{
    /// <summary>The socket stays, the name goes: of all that the kernel tells, only the number is left.</summary>
    [Fact]
    public void Refresh_NamespaceOfASocketAlone_IsKeptUntilTheSocketIsClosed()
    {
        using var host = new NetworkNamespaceFixture();
        var (number, socket) = MakeAndLeave(host);
        using var table = new ProcessTable(new(), new CgroupClassifier().Classify);
        var numbered = new NumberedNamespaces();
        var now = TimeSpan.FromHours(1);

        host.Inside(() =>
        {
            Refresh();
            Assert.Empty(numbered.Kept);
            Refresh();
            Assert.Equal([number], numbered.Kept);

            socket.Dispose();
            for (var patience = 0; numbered.Kept.Count > 0 && patience < 1000; patience++)
            {
                TestContext.Current.CancellationToken.WaitHandle.WaitOne(10);
                Refresh();
            }

            Assert.Empty(numbered.Kept);
            return 0;
        });

        void Refresh()
        {
            table.Refresh(now);
            using var thread = new NamespaceThread("/proc");
            thread.Run(visitor => numbered.Refresh(now, table.Namespaces, visitor));
            now += TimeSpan.FromMinutes(1);
        }
    }

    [Fact]
    public void Refresh_NamespacesWithProcessOrName_AreNone()
    {
        using var host = new NetworkNamespaceFixture();
        using var named = new NetworkNamespaceFixture();
        using var other = new NetworkNamespaceFixture();
        using var process = IdleProcess.Start(other);
        using var table = new ProcessTable(new(), new CgroupClassifier().Classify);
        var numbered = new NumberedNamespaces();

        host.Inside(() =>
        {
            foreach (var path in (string[])[host.Path, named.Path, $"/proc/{process.Pid}/ns/net"])
            {
                Number(path);
            }

            for (var minute = 0; minute < 3; minute++)
            {
                table.Refresh(TimeSpan.FromMinutes(minute));
                using var thread = new NamespaceThread("/proc");
                thread.Run(visitor => numbered.Refresh(TimeSpan.FromMinutes(minute), table.Namespaces, visitor));
                Assert.Empty(numbered.Kept);
            }

            return 0;
        });
    }

    private static (int Number, Socket Socket) MakeAndLeave(NetworkNamespaceFixture host)
    {
        using var left = new NetworkNamespaceFixture();
        var socket = left.Inside(static () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        return (host.Inside(() => Number(left.Path)), socket);
    }

    private static int Number(string path)
    {
        using var numbers = NamespaceNumbers.Open();
        using var file = ProcFile.Open(path);
        return numbers.FindOrAssign(file);
    }
}
