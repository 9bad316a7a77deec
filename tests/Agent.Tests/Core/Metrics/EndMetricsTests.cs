using Agent.Core.Ends;
using Agent.Core.Metrics;
using Agent.Core.Model;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Core.Metrics;

public sealed class EndMetricsTests
{
    private const string Idle = "closewatch_pod_connections_ended_total{namespace=\"default\",pod=\"a\",role=\"server\",end=\"closed_first_idle\"}";
    private const string Lost = "closewatch_pod_requests_lost_total{namespace=\"default\",pod=\"a\",role=\"server\",cause=\"after_close\"}";
    private const string OfWorkload = "closewatch_pod_connections_ended_total{namespace=\"default\",workload=\"Deployment/web\",role=\"server\",end=\"closed_first_idle\"}";
    private const string Bucket = "closewatch_pod_idle_close_seconds_bucket{namespace=\"default\",pod=\"a\",port=\"8080\",le=\"5\"}";

    [Fact]
    public void Scan_NobodyListens_NoSeries() => Assert.DoesNotContain(
        new Exposed().Scan(TestSnapshots.Of(TestSnapshots.Pod("a"))).Keys,
        static key => key.Contains("ends", StringComparison.Ordinal) || key.Contains("lost", StringComparison.Ordinal));

    [Fact]
    public void Scan_Ends_AreCountedByRoleAndKind()
    {
        var scan = new Exposed().Scan(Heard(Pod("a", Ends(idleCloses: 7, lost: 2))));

        Assert.Equal((7, 2), (scan[Idle], scan[Lost]));
        Assert.Equal(0, scan[Idle.Replace("closed_first_idle", "timed_out", StringComparison.Ordinal)]);
        Assert.Equal(0, scan[Lost.Replace("after_close", "unanswered", StringComparison.Ordinal)]);
        Assert.DoesNotContain(scan.Keys, static key => key.Contains("role=\"client\"", StringComparison.Ordinal));
        Assert.Equal(11, scan.Keys.Count(static key => key.Contains("role=\"server\"", StringComparison.Ordinal)));
        Assert.Equal((1000, 3, 0.4), (scan["closewatch_connection_ends_total"], scan["closewatch_connection_ends_missed_total"], scan["closewatch_connection_ends_watched_ratio"]));
    }

    [Fact]
    public void Scan_NoEndYet_NoSeriesOfThePod() =>
        Assert.DoesNotContain(new Exposed().Scan(Heard(Pod("a", Ends()))).Keys, static key => key.Contains("connections_ended", StringComparison.Ordinal));

    [Fact]
    public void Scan_IdleCloses_AreACumulativeHistogram()
    {
        var scan = new Exposed().Scan(Heard(Pod("a", Ends(idleCloses: 7))));

        Assert.Equal(0, scan[Bucket.Replace("\"5\"", "\"3\"", StringComparison.Ordinal)]);
        Assert.Equal(6, scan[Bucket]);
        Assert.Equal(6, scan[Bucket.Replace("\"5\"", "\"600\"", StringComparison.Ordinal)]);
        Assert.Equal(7, scan[Bucket.Replace("\"5\"", "\"+Inf\"", StringComparison.Ordinal)]);
        Assert.Equal(7, scan["closewatch_pod_idle_close_seconds_count{namespace=\"default\",pod=\"a\",port=\"8080\"}"]);
        Assert.Equal(1030.5, scan["closewatch_pod_idle_close_seconds_sum{namespace=\"default\",pod=\"a\",port=\"8080\"}"]);
        Assert.Equal(14, scan.Keys.Count(static key => key.Contains("_bucket", StringComparison.Ordinal)));
    }

    [Fact]
    public void Scan_PodGone_ItsLastEndsCountForItsWorkload()
    {
        var metrics = new Exposed { Options = new() { PodLabels = PodLabels.Workload } };
        var a = Pod("a", Ends(idleCloses: 7)).OfWorkload("Deployment/web");
        var b = Pod("b", Ends(idleCloses: 10)).OfWorkload("Deployment/web");
        Assert.Equal(17, metrics.Scan(Heard(a, b))[OfWorkload]);

        var gone = Heard(b) with { Gone = [new(a.Identity, a.Kubernetes, Ends(idleCloses: 9))] };
        Assert.Equal(19, metrics.Scan(gone)[OfWorkload]);
        Assert.Equal(19, metrics.Scan(Heard(b))[OfWorkload]);
    }

    [Fact]
    public void Scan_PodGone_LeavesNoSeriesOfItsOwn()
    {
        var gone = Heard() with { Gone = [new(Pod("a", Ends()).Identity, null, Ends(idleCloses: 9, lost: 1))] };
        Assert.DoesNotContain(new Exposed().Scan(gone).Keys, static key => key.StartsWith("closewatch_pod", StringComparison.Ordinal));
    }

    [Fact]
    public void Scan_MorePodsThanTheCap_RestIsSummedUp()
    {
        var metrics = new Exposed { Options = new() { MaxPods = 1 } };
        var scan = metrics.Scan(Heard(
            Pod("a", Ends(idleCloses: 1)) with { HalfClosed = new() { CloseWaitSockets = 5 } }, Pod("b", Ends(idleCloses: 2)), Pod("c", Ends(idleCloses: 3))));

        Assert.Equal(1, scan[Idle]);
        Assert.Equal(5, scan["closewatch_pod_connections_ended_total{namespace=\"\",pod=\"_other\",role=\"server\",end=\"closed_first_idle\"}"]);
        Assert.Equal(5, scan["closewatch_pod_idle_close_seconds_count{namespace=\"\",pod=\"_other\",port=\"8080\"}"]);
    }

    /// <summary>Six closes after 5 s, or as many as there are, and the last of them after 1000.5 s.</summary>
    internal static EndsSummary Ends(int idleCloses = 0, int lost = 0)
    {
        var kinds = new long[EndCounts.Length];
        kinds[(int)EndKind.ClosedFirstIdle] = idleCloses;
        var buckets = new long[IdleHistogram.Bounds.Length + 1];
        buckets[IdleHistogram.Bounds.IndexOf(5)] = Math.Max(0, idleCloses - 1);
        buckets[^1] = Math.Min(1, idleCloses);
        return new()
        {
            Watched = TimeSpan.FromMinutes(3),
            Server = new([.. kinds]),
            Client = EndCounts.None,
            IdleCloses = idleCloses == 0 ? [] : [new(8080, [.. buckets], TimeSpan.FromSeconds((5 * (idleCloses - 1)) + 1000.5), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(5))],
            RequestsLost = lost == 0 ? [] : [new(EndRole.Server, LossCause.AfterClose, 8080, lost, TestSnapshots.TakenAt)],
        };
    }

    private static PodSnapshot Pod(string name, EndsSummary ends) => TestSnapshots.Pod(name) with { Ends = ends };

    private static Snapshot Heard(params IEnumerable<PodSnapshot> pods) =>
        TestSnapshots.Of(pods) with { ConnectionEnds = new(1000, 3, 0.4, TimeSpan.FromMinutes(5)) };
}
