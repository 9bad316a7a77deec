using System.Diagnostics;
using System.Globalization;
using System.Net;
using Agent.Core.Attribution;
using Agent.Kernel;
using Agent.Kernel.Namespaces;
using Agent.Kernel.Netlink;
using Agent.Kernel.SockDiag;
using Agent.KernelTests.Testing;
using Xunit;

namespace Agent.KernelTests.Namespaces;

public sealed class NamespaceThreadTests : IDisposable
{
    private readonly NetworkNamespaceFixture _namespace = new();
    private readonly ProcessTable _table = new(new ProcessTableOptions(), new CgroupClassifier().Classify);
    private readonly NamespaceThread _thread = new("/proc");

    public void Dispose()
    {
        _thread.Dispose();
        _table.Dispose();
        _namespace.Dispose();
    }

    [Fact]
    public void TryEnter_NamespaceOfAProcess_IsEnteredAndLeft()
    {
        using var process = IdleProcess.Start(_namespace);
        var target = Find();
        var home = File.ResolveLinkTarget("/proc/self/ns/net", false)!.Name;

        _thread.Run(visitor =>
        {
            Assert.True(visitor.TryEnter(target, out var failure), failure?.Message);
            Assert.Equal($"net:[{target.Inode}]", CurrentNamespace());
            Assert.True(visitor.TryEnter(target, out _));
        });

        _thread.Run(_ => Assert.Equal(home, CurrentNamespace()));
        _thread.Run(visitor =>
        {
            Assert.True(visitor.TryEnter(target, out _));
            Assert.True(visitor.TryEnter(_table.Host!, out _));
            Assert.Equal(home, CurrentNamespace());
        });
    }

    [Fact]
    public void TryEnter_NameWithoutProcesses_LearnsItsIdAndStaysOne()
    {
        var target = Find();
        Assert.Equal(0UL, target.Id);

        _thread.Run(visitor =>
        {
            Assert.True(visitor.TryEnter(target, out var failure), failure?.Message);
            Assert.Equal($"net:[{target.Inode}]", CurrentNamespace());
        });

        Assert.NotEqual(0UL, target.Id);
        using var process = IdleProcess.Start(_namespace);
        Assert.Equal(process.Pid, Find().RepresentativePid);
        Assert.Equal(target.Id, Find().Id);
    }

    [Fact]
    public void TryEnter_ProcessIsNotThereAnyMore_IsRefusedAndStaysHome()
    {
        using var process = IdleProcess.Start(_namespace);
        var target = Find();

        // As if the process id had been given to a process of another namespace since the scan.
        var stale = new NetworkNamespace(target.Id + 1_000_000) { Representative = target.Representative };
        _thread.Run(visitor =>
        {
            var home = CurrentNamespace();
            Assert.False(visitor.TryEnter(stale, out var failure));
            Assert.Null(failure);
            Assert.Equal(home, CurrentNamespace());
        });

        process.Kill();
        _thread.Run(visitor =>
        {
            Assert.False(visitor.TryEnter(target, out var failure));
            Assert.Null(failure);
        });
    }

    [Fact]
    public void TryEnter_WithoutCapabilities_SaysWhichIsMissing()
    {
        using var process = IdleProcess.Start(_namespace);
        var target = Find();

        var (entered, failure) = Unprivileged.Run(() =>
        {
            using var thread = new NamespaceThread("/proc");
            var result = (false, (KernelException?)null);
            thread.Run(visitor => result = (visitor.TryEnter(target, out var why), why));
            return result;
        });

        Assert.False(entered);
        Assert.True(failure!.IsDenied);
        Assert.Matches("needs CAP_SYS_(PTRACE|ADMIN)", failure.Message);
    }

    /// <summary>As process 1 of a machine that guards it: its namespace has others, too.</summary>
    [Fact]
    public void TryEnter_RepresentativeMayNotBeLookedAt_EntersByAnotherProcess()
    {
        using var guarded = IdleProcess.Start(_namespace);
        var target = Find();
        using var open = IdleProcess.StartWithoutCapabilities(_namespace);
        Assert.Same(target, Find());
        Assert.Equal(guarded.Pid, target.RepresentativePid);

        var (entered, failure) = Unprivileged.Run(
            () =>
            {
                using var thread = new NamespaceThread("/proc");
                var result = (false, (KernelException?)null);
                thread.Run(visitor => result = (visitor.TryEnter(target, out var why), why));
                return result;
            },
            Capability.SysAdmin);

        Assert.True(entered, failure?.Message);
    }

    /// <summary>
    /// The kernel says EACCES where a process ends while its link is opened: of 2,500 that ended beside somebody who looked all the time, at
    /// 184 looks.
    /// </summary>
    [Fact]
    public void TryEnter_ProcessEndsMeanwhile_IsNeverRefused()
    {
        var home = Find();
        using var starter = Process.Start(new ProcessStartInfo("sh", ["-c", $"while read line; do nsenter --net={_namespace.Path} sh -c 'echo $$'; done"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        _thread.Run(visitor =>
        {
            Assert.True(visitor.TryEnter(home, out _));
            visitor.Return();
            for (var i = 0; i < 400; i++)
            {
                starter.StandardInput.WriteLine();
                var pid = int.Parse(starter.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture);
                var target = new NetworkNamespace(home.Id) { Inode = home.Inode, Representative = new NamespaceProcess(pid, 0, TimeSpan.Zero) };
                for (var gone = 0; gone < 50;)
                {
                    gone += visitor.TryEnter(target, out var failure) ? 0 : 1;
                    Assert.True(failure is null, $"process {i}: {failure?.Message}");
                    visitor.Return();
                }
            }
        });
        starter.StandardInput.Close();
        starter.WaitForExit();
    }

    [Fact]
    public void Run_WorkThrows_ThrowsHereAndGoesHome()
    {
        using var process = IdleProcess.Start(_namespace);
        var target = Find();

        var thrown = Assert.Throws<InvalidOperationException>(() => _thread.Run(visitor =>
        {
            Assert.True(visitor.TryEnter(target, out _));
            throw new InvalidOperationException("on purpose");
        }));

        Assert.Equal("on purpose", thrown.Message);
        _thread.Run(_ => Assert.NotEqual($"net:[{target.Inode}]", CurrentNamespace()));
    }

    [Fact]
    public void Run_NamespaceDeletedAfterAVisit_IsNotKeptAlive()
    {
        // The far end of a virtual cable vanishes when the kernel takes the namespace of the near end apart.
        var deleted = new NetworkNamespaceFixture();
        deleted.Ip($"link add cwnear type veth peer name cwfar netns {_namespace.Name}");
        using var buffer = new NetlinkBuffer();
        Scan(buffer);
        Assert.Contains("cwfar", _namespace.Execute("ip", "-o", "link"), StringComparison.Ordinal);

        deleted.Dispose();

        var patience = Stopwatch.StartNew();
        while (_namespace.Execute("ip", "-o", "link").Contains("cwfar", StringComparison.Ordinal))
        {
            Assert.True(patience.Elapsed < TimeSpan.FromSeconds(20), "the namespace is still there");
            TestContext.Current.CancellationToken.WaitHandle.WaitOne(50);
        }
    }

    [Fact]
    public void Dump_ManyNamespacesOneBuffer_EachHasItsOwnSockets()
    {
        using var other = new NetworkNamespaceFixture();
        using var here = _namespace.Inside(() => TcpPair.Open(IPAddress.Loopback));
        using var there = other.Inside(() => TcpPair.Open(IPAddress.IPv6Loopback));
        using var buffer = new NetlinkBuffer();
        _table.Refresh(TimeSpan.Zero);

        var ports = new Dictionary<string, int>();
        _thread.Run(visitor =>
        {
            foreach (var target in _table.Namespaces.Where(candidate => candidate.Name == _namespace.Name || candidate.Name == other.Name))
            {
                Assert.True(visitor.TryEnter(target, out _));
                using var diag = SockDiagNetlink.Open(buffer);
                var list = new SocketList();
                diag.Dump(TcpStates.Listen, SockDiagExtensions.None, ref list);
                Assert.False(diag.DumpsEachFamily);
                ports.Add(target.Name!, Assert.Single(list.Sockets).Tuple.SourcePort);
            }
        });

        Assert.Equal(new() { [_namespace.Name] = here.Port, [other.Name] = there.Port }, ports);
    }

    private void Scan(NetlinkBuffer buffer)
    {
        _table.Refresh(TimeSpan.Zero);
        _thread.Run(visitor =>
        {
            foreach (var target in _table.Namespaces)
            {
                if (visitor.TryEnter(target, out _))
                {
                    using var diag = SockDiagNetlink.Open(buffer);
                    var list = new SocketList();
                    diag.Dump(TcpStates.HalfClosed, SockDiagExtensions.Info, ref list);
                }
            }
        });
    }

    private NetworkNamespace Find()
    {
        _table.Refresh(TimeSpan.Zero);
        return Assert.Single(_table.Namespaces, candidate => candidate.Name == _namespace.Name);
    }

    private static string CurrentNamespace() => File.ResolveLinkTarget("/proc/thread-self/ns/net", false)!.Name;
}
