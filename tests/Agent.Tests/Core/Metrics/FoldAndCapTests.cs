using Agent.Core.Diagnosis;
using Agent.Core.Metrics;
using Agent.Core.Model;
using Agent.Kernel.Net;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Core.Metrics;

public sealed class FoldAndCapTests
{
    private static readonly Snapshot s_three = TestSnapshots.Of(
        TestSnapshots.Pod("web-1", closeWait: 3).OfWorkload("Deployment/web"),
        TestSnapshots.Pod("web-2", closeWait: 4).OfWorkload("Deployment/web"),
        TestSnapshots.Pod("job", closeWait: 5, podNamespace: "batch").OfWorkload(null),
        TestSnapshots.Pod("quiet").OfWorkload("Deployment/quiet"));

    [Theory]
    [InlineData(PodLabels.Pod, "{namespace=\"default\",pod=\"web-1\",state=\"close_wait\"}=3", "{namespace=\"default\",pod=\"web-2\",state=\"close_wait\"}=4", "{namespace=\"batch\",pod=\"job\",state=\"close_wait\"}=5")]
    [InlineData(PodLabels.Workload, "{namespace=\"default\",workload=\"Deployment/web\",state=\"close_wait\"}=7", "{namespace=\"batch\",workload=\"Pod/job\",state=\"close_wait\"}=5")]
    [InlineData(PodLabels.Namespace, "{namespace=\"default\",state=\"close_wait\"}=7", "{namespace=\"batch\",state=\"close_wait\"}=5")]
    [InlineData(PodLabels.None, "{state=\"close_wait\"}=12")]
    public void Fold_AnyLabels_SumsAreKept(PodLabels labels, params string[] expected)
    {
        var scan = new Exposed { Options = new() { PodLabels = labels } }.Scan(s_three);
        Assert.Equal(expected.Order(StringComparer.Ordinal), Series(scan, "closewatch_pod_half_closed_sockets"));
    }

    [Fact]
    public void Fold_ZeroValue_IsNoSeries() =>
        Assert.DoesNotContain(new Exposed().Scan(s_three).Keys, static key => key.Contains("quiet", StringComparison.Ordinal));

    [Fact]
    public void Cap_TooManyPods_LargestKeptRestSummedAndCounted()
    {
        var scan = new Exposed { Options = new() { MaxPods = 1 } }.Scan(s_three);
        Assert.Equal(
            ["{namespace=\"\",pod=\"_other\",state=\"close_wait\"}=7", "{namespace=\"batch\",pod=\"job\",state=\"close_wait\"}=5"],
            Series(scan, "closewatch_pod_half_closed_sockets"));
        Assert.Equal(2, scan["closewatch_series_dropped{family=\"closewatch_pod_half_closed_sockets\"}"]);
    }

    [Fact]
    public void Cap_NamespacesThatAnybodyMade_DoNotPushPodsOut()
    {
        var made = Enumerable.Range(0, 510).Select(static i => new PodSnapshot
        {
            Identity = new(PodKind.NetworkNamespace, "", $"netns:{i}", $"{i}"),
            HalfClosed = new() { CloseWaitSockets = 1000 },
        });
        var scan = new Exposed { Options = new() { MaxPods = 4 } }.Scan(s_three with { Pods = [.. made, .. s_three.Pods] });
        Assert.Equal(4, Series(scan, "closewatch_pod_half_closed_sockets").Length);
        Assert.Equal(3, scan["closewatch_pod_half_closed_sockets{namespace=\"default\",pod=\"web-1\",state=\"close_wait\"}"]);
        Assert.Equal(510_000, scan["closewatch_pod_half_closed_sockets{namespace=\"\",pod=\"_other\",state=\"close_wait\"}"]);
    }

    [Fact]
    public void Cap_NotReached_NothingDropped() =>
        Assert.DoesNotContain(new Exposed().Scan(s_three).Keys, static key => key.StartsWith("closewatch_series_dropped", StringComparison.Ordinal));

    [Fact]
    public void Cap_FoldedToWorkload_ASeriesCountsOnce()
    {
        var scan = new Exposed { Options = new() { MaxPods = 1, PodLabels = PodLabels.Workload } }.Scan(s_three with
        {
            Pods = [.. s_three.Pods, TestSnapshots.Pod("big", closeWait: 100).OfWorkload("Deployment/big")],
        });
        Assert.Equal(12, scan["closewatch_pod_half_closed_sockets{namespace=\"\",workload=\"_other\",state=\"close_wait\"}"]);
        Assert.Equal(2, scan["closewatch_series_dropped{family=\"closewatch_pod_half_closed_sockets\"}"]);
    }

    [Fact]
    public void Fold_AgesAndTimeouts_WorstIsKept()
    {
        var snapshot = TestSnapshots.Of(
            TestSnapshots.Pod("a") with { HalfClosed = new() { Oldest = TimeSpan.FromSeconds(9) }, Settings = Timeouts(30), OwnTableTracks = true },
            TestSnapshots.Pod("b") with { HalfClosed = new() { Oldest = TimeSpan.FromSeconds(70) }, Settings = Timeouts(60), OwnTableEntries = 1 },
            TestSnapshots.Pod("same") with { Settings = Timeouts(3600), OwnTableTracks = true }) with
        { HostSettings = Timeouts(3600) };
        var scan = new Exposed { Options = new() { PodLabels = PodLabels.None } }.Scan(snapshot);
        Assert.Equal(70, scan["closewatch_pod_half_closed_oldest_seconds"]);
        Assert.Equal(30, scan["closewatch_pod_conntrack_timeout_seconds{timeout=\"tcp_close_wait\"}"]);
        Assert.Equal(3600, scan["closewatch_conntrack_timeout_seconds{timeout=\"tcp_close_wait\"}"]);
    }

    [Fact]
    public void Timeouts_SameAsHost_NoSeries()
    {
        var snapshot = TestSnapshots.Of(TestSnapshots.Pod("same") with { Settings = Timeouts(3600), OwnTableTracks = true }) with { HostSettings = Timeouts(3600) };
        Assert.Empty(Series(new Exposed().Scan(snapshot), "closewatch_pod_conntrack_timeout_seconds"));
    }

    [Theory]
    [InlineData(null, null, false)]
    [InlineData(null, 0L, false)]
    [InlineData(null, 1L, true)]
    [InlineData(false, 0L, false)]
    [InlineData(true, 0L, true)]
    public void Timeouts_DifferentFromHost_SeriesOnlyWhereThePodTracks(bool? tracks, long? entries, bool expected)
    {
        var pod = TestSnapshots.Pod("web") with { Settings = Timeouts(60), OwnTableTracks = tracks, OwnTableEntries = entries };
        var scan = new Exposed().Scan(TestSnapshots.Of(pod) with { HostSettings = Timeouts(3600) });
        Assert.Equal(expected, Series(scan, "closewatch_pod_conntrack_timeout_seconds").Length > 0);
    }

    [Fact]
    public void Ports_Thousands_AreBounded()
    {
        var pod = TestSnapshots.Pod("many") with
        {
            Listeners = [.. Enumerable.Range(1, 1000).Select(static port => Listener((ushort)port, backlog: port))],
        };
        var scan = new Exposed().Scan(TestSnapshots.Of(pod));
        Assert.Equal(32, Series(scan, "closewatch_pod_accept_queue_limit").Length);
        Assert.Equal(1000, scan["closewatch_pod_accept_queue_limit{namespace=\"default\",pod=\"many\",port=\"1000\"}"]);
        Assert.Equal(968, scan["closewatch_series_dropped{family=\"closewatch_pod_accept_queue_limit\"}"]);
    }

    [Fact]
    public void Ports_SamePortTwice_QueuesAddUpCeilingsDoNot()
    {
        var pod = TestSnapshots.Pod("web") with
        {
            Listeners =
            [
                Listener(80, backlog: 128) with { Idle = new(TimeSpan.FromSeconds(5), 10) },
                Listener(80, backlog: 64) with { Idle = new(TimeSpan.FromSeconds(7), 10) },
            ],
        };
        var scan = new Exposed().Scan(TestSnapshots.Of(pod));
        Assert.Equal(192, scan["closewatch_pod_accept_queue_limit{namespace=\"default\",pod=\"web\",port=\"80\"}"]);
        Assert.Equal(7, scan["closewatch_pod_idle_ceiling_seconds{namespace=\"default\",pod=\"web\",port=\"80\"}"]);
    }

    [Fact]
    public void Findings_FoldedOrNot_OneSeriesEach()
    {
        var diagnosis = new DiagnosisResult(
            [Finding("close-wait-leak", SubjectKind.Pod, "default", "web-1"), Finding("close-wait-leak", SubjectKind.Pod, "default", "web-2"), Finding("conntrack-table-pressure", SubjectKind.Node, "", "node-1")], new(Verdict.Ok, ""));
        Assert.Equal(
            ["{namespace=\"\",pod=\"\",finding=\"conntrack-table-pressure\",severity=\"warning\"}=1",
             "{namespace=\"default\",pod=\"web-1\",finding=\"close-wait-leak\",severity=\"warning\"}=1",
             "{namespace=\"default\",pod=\"web-2\",finding=\"close-wait-leak\",severity=\"warning\"}=1"],
            Series(new Exposed { Diagnosis = diagnosis }.Scan(s_three), "closewatch_finding"));
        Assert.Equal(
            ["{namespace=\"\",workload=\"\",finding=\"conntrack-table-pressure\",severity=\"warning\"}=1",
             "{namespace=\"default\",workload=\"Deployment/web\",finding=\"close-wait-leak\",severity=\"warning\"}=1"],
            Series(new Exposed { Diagnosis = diagnosis, Options = new() { PodLabels = PodLabels.Workload } }.Scan(s_three), "closewatch_finding"));
    }

    private static string[] Series(Dictionary<string, double> scan, string family) =>
        [.. scan.Where(pair => pair.Key.StartsWith(family + "{", StringComparison.Ordinal)).Select(pair => $"{pair.Key[family.Length..]}={pair.Value}").Order(StringComparer.Ordinal)];

    private static NetfilterSettings Timeouts(long closeWait) => new(TestSnapshots.Settings(("tcp_timeout_close_wait", closeWait), ("tcp_be_liberal", 0)));

    private static Listener Listener(ushort port, long backlog) => new()
    {
        Port = port,
        Address = IpAddress.TryParse("::", out var any) ? any : default,
        Queued = 0,
        Backlog = backlog,
        Established = 0,
        ClosedByPodFirst = 0,
    };

    private static Finding Finding(string id, SubjectKind kind, string podNamespace, string name) => new()
    {
        Id = id,
        Severity = Severity.Warning,
        Title = id,
        Subject = new(kind, podNamespace, name),
        Evidence = [],
        Why = "",
        Fix = [],
        Reference = "",
    };
}
