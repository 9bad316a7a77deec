using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Agent.Configuration;
using Agent.Core.Model;
using Agent.Kernel;
using Agent.KernelTests.Testing;
using Agent.Sources;
using Xunit;

namespace Agent.KernelTests.Sources;

/// <summary>What a scanner that lives on makes of a namespace that has a name: its settings, and that it is one.</summary>
public sealed class NamedNamespaceScanTests : IDisposable
{
    private readonly NetworkNamespaceFixture _network = new();

    public void Dispose() => _network.Dispose();

    /// <summary>The two timeouts that matter most are read again long before all settings are.</summary>
    [Fact]
    public void Scan_TimeoutsChangeMeanwhile_AreThoseOfNowAfterAMinuteOrTwo()
    {
        _network.Execute("iptables", "-w", "-A", "INPUT", "-m", "conntrack", "--ctstate", "NEW");
        var time = new HastyTime();
        using var scanner = NewScanner(time);
        Assert.NotEqual(77, Settings(scanner).Get(NetfilterSettings.CloseWait));

        _network.Execute(
            "sysctl", "-qw", "net.netfilter.nf_conntrack_tcp_timeout_close_wait=77", "net.netfilter.nf_conntrack_tcp_timeout_established=7777");
        time.Ahead = TimeSpan.FromMinutes(2);
        var settings = Settings(scanner);

        Assert.Equal(77, settings.Get(NetfilterSettings.CloseWait));
        Assert.Equal(7777, settings.Get(NetfilterSettings.Established));
    }

    /// <summary>A first scan reads the settings of many with two threads (<see cref="SettingsAhead"/>).</summary>
    [Fact]
    public void Scan_ManyNamespaces_EachHasItsOwnSettings()
    {
        const int Count = SettingsAhead.FewestDue + 8;
        var prefix = $"{_network.Name}-many-";
        Shell($"for i in $(seq {Count}); do ip netns add {prefix}$i && ip netns exec {prefix}$i sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_close_wait=$((1000 + i)) || exit 1; done");
        try
        {
            using var scanner = NewScanner(TimeProvider.System);
            var pods = Scan(scanner).Pods;

            Assert.All(Enumerable.Range(1, Count), i =>
                Assert.Equal(1000 + i, pods.Single(pod => pod.Identity.Name == $"netns:{prefix}{i}").Settings!.Get(NetfilterSettings.CloseWait)));
        }
        finally
        {
            Shell($"for i in $(seq {Count}); do ip netns delete {prefix}$i; done");
        }

        static void Shell(string script)
        {
            using var shell = Process.Start("sh", ["-c", script]);
            shell.WaitForExit();
            Assert.Equal(0, shell.ExitCode);
        }
    }

    /// <summary>Without the right to look at a process its namespace has no number that a name could be compared with, until both are entered.</summary>
    [Fact]
    public void Scan_NameLeadsWhereAProcessIs_WithoutTheRightToSeeThat_IsOneNamespace()
    {
        using var process = IdleProcess.Start(_network);
        using var listener = _network.Inside(static () =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Any, 0));
            socket.Listen();
            return socket;
        });
        var port = ((IPEndPoint)listener.LocalEndPoint!).Port;

        var scans = Unprivileged.Run(
            () =>
            {
                using var scanner = NewScanner(TimeProvider.System);
                return new[] { Scan(scanner), Scan(scanner) };
            },
            Capability.SysAdmin);

        Assert.All(scans, scan => Assert.Single(scan.Pods, pod => pod.Listeners.Any(one => one.Port == port)));
    }

    private static NodeScanner NewScanner(TimeProvider time) => new(new CollectionOptions(), new PodsOptions(), null, time);

    private static Snapshot Scan(NodeScanner scanner) => scanner.Scan(new ScanRequest(DumpConntrack: false), TestContext.Current.CancellationToken);

    private NetfilterSettings Settings(NodeScanner scanner) =>
        Scan(scanner).Pods.Single(pod => pod.Identity.Name == $"netns:{_network.Name}").Settings!;
}
