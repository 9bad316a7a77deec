using Agent.Core.Model;
using Agent.Kernel.SockDiag;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Core.Metrics;

public sealed class MetricsBuilderTests
{
    [Fact]
    public void Build_NothingReadable_OnlySourcesAndAgent()
    {
        var snapshot = TestSnapshots.Of() with
        {
            Sources = [new(SourceNames.Conntrack, "netlink", SourceStatus.Unavailable, "no", TimeSpan.Zero, 0), new(SourceNames.Sockets, "sock_diag", SourceStatus.Failed, "no", TimeSpan.Zero, 0)],
        };
        var scan = new Exposed().Scan(snapshot);
        string[] read = ["closewatch_pod", "closewatch_conntrack", "closewatch_unattributed"];
        var ofTheKernel = scan.Keys.Where(key => read.Any(prefix => key.StartsWith(prefix, StringComparison.Ordinal)));
        Assert.Equal(["closewatch_conntrack_recommended_timeout_seconds{timeout=\"tcp_close_wait\"}"], ofTheKernel); // this one is not read
        Assert.Equal(0, scan["closewatch_source_up{source=\"conntrack\",backend=\"netlink\"}"]);
        Assert.Equal(0, scan["closewatch_source_errors_total{source=\"conntrack\",backend=\"netlink\"}"]);
        Assert.Equal(1, scan["closewatch_source_errors_total{source=\"sockets\",backend=\"sock_diag\"}"]);
    }

    [Fact]
    public void Build_ScanAfterScan_OwnCountersGrow()
    {
        var metrics = new Exposed();
        var failing = TestSnapshots.Of().WithSource(SourceNames.Conntrack, "netlink", SourceStatus.Failed);
        _ = metrics.Scan(failing);
        _ = metrics.Scan(failing);
        var third = metrics.Scan(TestSnapshots.Of());
        Assert.Equal(3, third["closewatch_scans_total"]);
        Assert.Equal(2, third["closewatch_source_errors_total{source=\"conntrack\",backend=\"netlink\"}"]);
        Assert.Equal(1, third["closewatch_source_up{source=\"conntrack\",backend=\"netlink\"}"]);
    }

    [Fact]
    public void Build_HalfClosedEntries_EachHasItsLabels()
    {
        var counts = new long[HalfClosedEntries.Length];
        counts[HalfClosedEntries.IndexOf(ConntrackTableKind.Host, closeWait: true, ClosedBy.Peer)] = 7;
        counts[HalfClosedEntries.IndexOf(ConntrackTableKind.Pod, closeWait: false, ClosedBy.Unknown)] = 2;
        var scan = new Exposed().Scan(TestSnapshots.Of(TestSnapshots.Pod("a") with { HalfClosed = new() { Entries = new([.. counts]) } }));
        Assert.Equal(
            ["closewatch_pod_half_closed_connections{namespace=\"default\",pod=\"a\",table=\"host\",state=\"close_wait\",closed_by=\"peer\"}",
             "closewatch_pod_half_closed_connections{namespace=\"default\",pod=\"a\",table=\"pod\",state=\"fin_wait\",closed_by=\"unknown\"}"],
            scan.Keys.Where(static key => key.StartsWith("closewatch_pod_half_closed_connections", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Build_RequestSockets_CountAsSynRecv()
    {
        var pod = TestSnapshots.Pod("a") with { Tcp = TestSnapshots.Tcp((TcpState.SynRecv, 1), (TcpState.NewSynRecv, 4), (TcpState.Listen, 2)) };
        var scan = new Exposed().Scan(TestSnapshots.Of(pod));
        Assert.Equal(5, scan["closewatch_pod_tcp_sockets{namespace=\"default\",pod=\"a\",state=\"syn_recv\"}"]);
        Assert.Equal(2, scan["closewatch_pod_tcp_sockets{namespace=\"default\",pod=\"a\",state=\"listen\"}"]);
    }

    [Fact]
    public void Build_Conntrack_KnownNumbersOnly()
    {
        var snapshot = TestSnapshots.Of() with
        {
            Conntrack = new()
            {
                Entries = 10,
                Statistics = new() { Drop = 3 },
                Flows = new()
                {
                    Total = 10,
                    TakenAt = TestSnapshots.TakenAt - TimeSpan.FromSeconds(30),
                    Counts = [new("tcp", "established", 6), new("icmp", "", 4)],
                    ByProtocol = [],
                    ByTcpState = [],
                    HalfClosedSample = [],
                    HalfClosed = new(0, 0, 0, 0, 0),
                },
            },
        };
        var scan = new Exposed().Scan(snapshot);
        Assert.Equal(10, scan["closewatch_conntrack_entries"]);
        Assert.Equal(6, scan["closewatch_conntrack_flows{protocol=\"tcp\",state=\"established\"}"]);
        Assert.Equal(4, scan["closewatch_conntrack_flows{protocol=\"icmp\",state=\"\"}"]);
        Assert.Equal(3, scan["closewatch_conntrack_drop_total"]);
        Assert.Equal(30.042, scan["closewatch_conntrack_age_seconds"], 3);
        Assert.DoesNotContain("closewatch_conntrack_entries_limit", scan.Keys);
        Assert.DoesNotContain("closewatch_conntrack_found_total", scan.Keys);
    }

    [Fact]
    public void Build_Sysctls_ValueMayBeUnknown()
    {
        var scan = new Exposed { Sysctls = [new("host", "nf_conntrack_tcp_timeout_close_wait", null, 3600, TestSnapshots.Settings(("written", 2)), TestSnapshots.Settings(("left", 1)))] }.Scan(TestSnapshots.Of());
        Assert.Equal(3600, scan["closewatch_sysctl_desired{scope=\"host\",sysctl=\"nf_conntrack_tcp_timeout_close_wait\"}"]);
        Assert.Equal(2, scan["closewatch_remediation_writes_total{scope=\"host\",sysctl=\"nf_conntrack_tcp_timeout_close_wait\",result=\"written\"}"]);
        Assert.Equal(1, scan["closewatch_remediation_conflicts_total{scope=\"host\",sysctl=\"nf_conntrack_tcp_timeout_close_wait\",result=\"left\"}"]);
        Assert.DoesNotContain(scan.Keys, static key => key.StartsWith("closewatch_sysctl_value", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("tcp_timeout_close_wait", "tcp_close_wait")]
    [InlineData("udp_timeout", "udp")]
    [InlineData("udp_timeout_stream", "udp_stream")]
    public void Build_HostTimeout_LabelIsWithoutTimeout(string setting, string label)
    {
        var scan = new Exposed().Scan(TestSnapshots.Of() with { HostSettings = new(TestSnapshots.Settings((setting, 60))) });
        Assert.Equal(60, scan[$"closewatch_conntrack_timeout_seconds{{timeout=\"{label}\"}}"]);
    }

    [Fact]
    public void Build_RecommendedTimeouts_AreThoseOfTheThresholds()
    {
        var scan = new Exposed { Thresholds = new() { CloseWaitTimeout = TimeSpan.FromMinutes(20) } }.Scan(TestSnapshots.Of());
        Assert.Equal(1200, scan["closewatch_conntrack_recommended_timeout_seconds{timeout=\"tcp_close_wait\"}"]);
    }
}
