using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Agent.Core.Attribution;
using Agent.Kernel.Namespaces;
using Agent.KernelTests.Testing;
using Xunit;

namespace Agent.KernelTests.Namespaces;

/// <summary>Network namespaces without process and name, in mount namespaces of their own.</summary>
public sealed class MountedNamespacesTests : IDisposable
{
    private readonly List<Process> _holders = [];
    private readonly List<ProcessTable> _tables = [];
    private TimeSpan _now = TimeSpan.FromHours(1);

    public MountedNamespacesTests() => Assert.SkipUnless(Environment.IsPrivilegedProcess, "mounting needs root");

    public void Dispose()
    {
        _tables.ForEach(static table => table.Dispose());
        foreach (var holder in _holders)
        {
            holder.StandardInput.Close();
            holder.WaitForExit();
            holder.Dispose();
        }
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("with a blank, a\ttab and a \\040")]
    [InlineData("line\nfeed")]
    public void Refresh_MountElsewhere_IsFoundAndCanBeEntered(string name)
    {
        var (holder, inode) = Hold(name, "true");
        var table = Table();

        Refresh(table);

        var found = Assert.Single(table.Namespaces, one => one.Inode == inode);
        Assert.Equal((0, null, null), (found.RepresentativePid, found.NetPath, found.Name));
        Assert.Equal(holder, found.Mount!.Holder.Pid);
        using var thread = new NamespaceThread("/proc");
        thread.Run(visitor =>
        {
            Assert.True(visitor.TryEnter(found, out var failure), failure?.Message);
            Assert.Equal($"net:[{inode}]", File.ResolveLinkTarget("/proc/thread-self/ns/net", false)!.Name);
        });
    }

    /// <summary>The whole program: what such a namespace holds is counted, and the source says how it is kept.</summary>
    [Fact]
    public void Report_HalfClosedSocketOfAMountedOne_IsCountedUnderItsInode()
    {
        var (holder, inode) = Hold("crowded", "true");
        using var pair = HalfClose($"/proc/{holder}/root/tmp/held/crowded");

        using var report = Report();

        var pod = report.RootElement.GetProperty("pods").EnumerateArray().Single(one => one.GetProperty("name").GetString() == $"netns:{inode}");
        Assert.Equal(1, pod.GetProperty("halfClosed").GetProperty("sockets").GetProperty("closeWait").GetInt32());
        var source = report.RootElement.GetProperty("sources").EnumerateArray().Single(static one => one.GetProperty("name").GetString() == "namespaces");
        Assert.Contains($"net:[{inode}] in that of process {holder} (cat)", source.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Refresh_MountThatIsGone_IsForgottenWithinAMinute()
    {
        var (_, inode) = Hold("gone", "true");
        var table = Table();
        Refresh(table);
        var found = Assert.Single(table.Namespaces, one => one.Inode == inode);
        Refresh(table);
        Assert.Same(found, Assert.Single(table.Namespaces, one => one.Inode == inode));
        var instance = found.Instance;
        Assert.NotEqual(0UL, instance);

        _holders[0].StandardInput.Close();
        _holders[0].WaitForExit();
        _now += TimeSpan.FromMinutes(1);
        Refresh(table);

        Assert.DoesNotContain(table.Namespaces, one => one.Instance == instance);
        using var thread = new NamespaceThread("/proc");
        thread.Run(visitor => Assert.False(visitor.TryEnter(found, out _)));
    }

    /// <summary>Whoever makes the mount can hide it behind another, and what is there then must never be taken for it.</summary>
    [Theory]
    [InlineData("mount -t tmpfs none \"$top\"")]
    [InlineData("mount -t tmpfs none \"$top\" && mkdir -p \"$top/held\" && touch \"$top/held/$name\" && mount --bind /proc/self/ns/net \"$top/held/$name\"")]
    [InlineData("mount -t tmpfs none \"$top\" && ln -s /proc/self/ns \"$top/held\"")]
    public void Refresh_MountBehindAnother_IsCountedAsOutOfReach(string hide)
    {
        var (_, inode) = Hold("net", hide);
        var table = Table();

        Refresh(table);

        Assert.DoesNotContain(table.Namespaces, one => one.Inode == inode);
        Assert.InRange(table.Statistics.Mounts.OutOfReach, 1, 100);
    }

    [Fact]
    public void Refresh_ProcessEntersAMountedOne_IsTheSameInstance()
    {
        var (holder, inode) = Hold("entered", "true");
        var table = Table();
        Refresh(table);
        var instance = Assert.Single(table.Namespaces, one => one.Inode == inode).Instance;

        var start = new ProcessStartInfo("nsenter", [$"--mount=/proc/{holder}/ns/mnt", "sh", "-c", "exec nsenter --net=/tmp/held/entered sleep 1000"]);
        using var process = Process.Start(start)!;
        try
        {
            while (File.ResolveLinkTarget($"/proc/{process.Id}/ns/net", false)!.Name != $"net:[{inode}]")
            {
                TestContext.Current.CancellationToken.WaitHandle.WaitOne(5);
            }

            Refresh(table);
            var found = Assert.Single(table.Namespaces, one => one.Inode == inode);
            Assert.Equal(process.Id, found.RepresentativePid);
            Assert.Equal(instance, found.Instance);
        }
        finally
        {
            process.Kill();
            process.WaitForExit();
        }
    }

    [Fact]
    public void Refresh_MoreThanItsLimits_IsCutAndSaid()
    {
        Hold("one", "true");
        Hold("two", "true");
        var noBytes = Table(new() { Bytes = 512 });
        var fewBytes = Table(new() { BytesInAll = 600 });
        var one = Table(new() { MountNamespaces = 1 });
        var fewFound = Table(new() { Found = 1 });

        Refresh(noBytes, fewBytes, one, fewFound);

        Assert.All([noBytes, fewBytes, one], static table => Assert.InRange(table.Statistics.Mounts.LeftOut, 2, int.MaxValue));
        Assert.DoesNotContain(one.Namespaces, static found => found.Mount?.Holder.Command == "cat");
        Assert.InRange(fewFound.Namespaces.Count(static found => found.Mount is not null), 0, 1);
        Assert.InRange(fewFound.Statistics.Mounts.OutOfReach, 1, 100);
    }

    /// <summary>
    /// Makes a network namespace that only a mount in a mount namespace of its own keeps, at /tmp/held/NAME there, then does
    /// <paramref name="more"/>.
    /// </summary>
    private (int Pid, ulong Inode) Hold(string name, string more)
    {
        const string Script = """
            set -e
            name=$1 top=/tmp
            mount --make-rprivate /
            mount -t tmpfs none /tmp
            mkdir /tmp/held
            : >"/tmp/held/$name"
            mkfifo /tmp/ready /tmp/go
            unshare -n sh -c 'ip link set lo up; echo >/tmp/ready; read x </tmp/go' &
            read x </tmp/ready
            mount --bind /proc/$!/ns/net "/tmp/held/$name"
            stat -L -c %i /proc/$!/ns/net
            echo >/tmp/go
            wait
            eval "$2"
            echo $$
            exec cat
            """;
        var start = new ProcessStartInfo("unshare", ["-m", "sh", "-c", Script, "sh", name, more]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        var process = Process.Start(start)!;
        _holders.Add(process);
        var inode = ulong.Parse(process.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture);
        var holder = int.Parse(process.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture);
        Assert.True(
            SpinWait.SpinUntil(() => File.ReadAllText($"/proc/{holder}/comm") == "cat\n", TimeSpan.FromSeconds(10)),
            "a process that is being executed is no holder yet");
        return (holder, inode);
    }

    private static TcpPair HalfClose(string path)
    {
        TcpPair? pair = null;
        var thread = new Thread(() =>
        {
            Libc.EnterNetworkNamespace(path);
            pair = TcpPair.Open(IPAddress.Loopback);
        });
        thread.Start();
        thread.Join();
        pair!.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, pair.Server!.Receive(new byte[1]));
        return pair;
    }

    private static JsonDocument Report()
    {
        var start = new ProcessStartInfo(Programs.Closewatch, ["report", "--fresh", "-o", "json"]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return JsonDocument.Parse(output);
    }

    private ProcessTable Table(MountLimits? limits = null)
    {
        var table = new ProcessTable(new ProcessTableOptions { Mounts = limits ?? new() }, new CgroupClassifier().Classify);
        _tables.Add(table);
        return table;
    }

    private void Refresh(params ProcessTable[] tables)
    {
        foreach (var table in tables)
        {
            table.Refresh(_now += TimeSpan.FromSeconds(1));
        }
    }
}
