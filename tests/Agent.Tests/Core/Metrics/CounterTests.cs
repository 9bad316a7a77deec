using Agent.Core.Metrics;
using Agent.Core.Model;
using Agent.Kernel.ProcFs;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Core.Metrics;

public sealed class CounterTests
{
    private const string OfA = "closewatch_pod_tcp_resets_sent_total{namespace=\"default\",pod=\"a\"}";
    private const string OfB = "closewatch_pod_tcp_resets_sent_total{namespace=\"default\",pod=\"b\"}";
    private const string OfOther = "closewatch_pod_tcp_resets_sent_total{namespace=\"\",pod=\"_other\"}";
    private const string OfNamespace = "closewatch_pod_tcp_resets_sent_total{namespace=\"default\"}";

    [Fact]
    public void Scan_PodLabels_CounterIsTheKernels()
    {
        var metrics = new Exposed();
        Assert.Equal(100, metrics.Scan(TestSnapshots.Of(Pod("a", 100)))[OfA]);
        Assert.Equal(130, metrics.Scan(TestSnapshots.Of(Pod("a", 130)))[OfA]);
    }

    [Fact]
    public void Scan_ZeroCounter_IsExported() =>
        Assert.Equal(0, new Exposed().Scan(TestSnapshots.Of(Pod("a", 0)))[OfA]);

    [Fact]
    public void Scan_KernelWithoutCounter_NoSeries() =>
        Assert.DoesNotContain(new Exposed().Scan(TestSnapshots.Of(Pod("a", 1))).Keys, static key => key.Contains("listen_drops", StringComparison.Ordinal));

    [Fact]
    public void Scan_PodGone_LeavesNoSeries()
    {
        var metrics = new Exposed();
        _ = metrics.Scan(TestSnapshots.Of(Pod("a", 100), Pod("b", 5)));
        Assert.DoesNotContain(metrics.Scan(TestSnapshots.Of(Pod("b", 5))).Keys, static key => key.Contains("pod=\"a\"", StringComparison.Ordinal));
    }

    [Fact]
    public void Scan_SamePodNewNamespace_StartsANewCounter()
    {
        var metrics = new Exposed();
        _ = metrics.Scan(TestSnapshots.Of(Pod("a", 100, instance: 1)));
        Assert.Equal(3, metrics.Scan(TestSnapshots.Of(Pod("a", 3, instance: 2)))[OfA]);
    }

    [Fact]
    public void Scan_OtherNamespacesOfAPod_CountAndTakeNothingAwayWhenTheyGo()
    {
        var metrics = new Exposed();
        Assert.Equal(105, Scan(100, (8, 5)));
        Assert.Equal(117, Scan(110, (8, 7)));
        Assert.Equal(120, Scan(113));
        Assert.Equal(124, Scan(113, (9, 4)));

        double Scan(ulong resets, params (ulong Instance, ulong Resets)[] others) => metrics.Scan(TestSnapshots.Of(Pod("a", resets) with
        {
            OtherCounters = [.. others.Select(static other => new NamespaceCounters(other.Instance, new TcpCounters { ResetsSent = other.Resets }))],
        }))[OfA];
    }

    [Fact]
    public void Scan_InstanceOfAnotherPod_IsNotTakenForTheSameNamespace()
    {
        var metrics = new Exposed { Options = new() { PodLabels = PodLabels.Namespace } };
        Assert.Equal(100, metrics.Scan(TestSnapshots.Of(Pod("a", 100, instance: 7)))[OfNamespace]);

        // Taken for the same namespace, 140 would add 40 only.
        Assert.Equal(240, metrics.Scan(TestSnapshots.Of(Pod("b", 140, instance: 7)))[OfNamespace]);
    }

    /// <summary>Each row: the kernel's values of pods a and b (null: the pod is not there), and the sum expected.</summary>
    [Fact]
    public void Scan_FoldedToNamespace_SumNeverGoesDown()
    {
        (ulong? A, ulong? B, double? Expected)[] scans =
        [
            (100, 50, 150),
            (110, 50, 160),
            (null, 55, 165),
            (null, 55, 165),
            (3, 60, 173), // a comes back in a new namespace
            (4, null, 174),
            (null, null, null),
            (7, null, 3), // nothing was left of the sum; of a, only what is new since it was last seen
        ];
        var metrics = new Exposed { Options = new() { PodLabels = PodLabels.Namespace } };
        var generation = 0ul;
        foreach (var (a, b, expected) in scans)
        {
            generation += a is 3 ? 1ul : 0;
            var pods = new[]
            {
                a is { } ofA ? Pod("a", ofA, instance: 1 + generation) : null,
                b is { } ofB ? Pod("b", ofB, instance: 100) : null,
            };
            var values = metrics.Scan(TestSnapshots.Of(pods.OfType<PodSnapshot>()));
            Assert.Equal(expected, values.TryGetValue(OfNamespace, out var value) ? value : null);
        }
    }

    [Fact]
    public void Scan_PodMovesOverTheCap_OtherGrowsOnlyByWhatIsNew()
    {
        var metrics = new Exposed { Options = new() { MaxPods = 1 } };
        var first = metrics.Scan(TestSnapshots.Of(Pod("a", 1000, closeWait: 9), Pod("b", 500, instance: 2)));
        Assert.Equal((1000, 500), (first[OfA], first[OfOther]));

        // b becomes the larger one: a's thousand must not appear in _other as if they happened now.
        var second = metrics.Scan(TestSnapshots.Of(Pod("b", 510, instance: 2, closeWait: 99), Pod("a", 1007, closeWait: 9)));
        Assert.Equal((510, 507), (second[OfB], second[OfOther]));
        Assert.DoesNotContain(OfA, second.Keys);
    }

    [Fact]
    public void Scan_NamespaceUnreadableForAWhile_IsNotCountedTwice()
    {
        var metrics = new Exposed { Options = new() { PodLabels = PodLabels.Namespace } };
        _ = metrics.Scan(TestSnapshots.Of(Pod("a", 100), Pod("b", 10, instance: 2)));
        _ = metrics.Scan(TestSnapshots.Of(Pod("b", 10, instance: 2)));
        Assert.Equal(115, metrics.Scan(TestSnapshots.Of(Pod("a", 105), Pod("b", 10, instance: 2)))[OfNamespace]);
    }

    [Fact]
    public void Scan_SocketsUnreadable_NoCountersAndNothingForgotten()
    {
        var metrics = new Exposed { Options = new() { PodLabels = PodLabels.Namespace } };
        _ = metrics.Scan(TestSnapshots.Of(Pod("a", 100)));
        for (var i = 0; i < 20; i++)
        {
            var blind = TestSnapshots.Of().WithSource(SourceNames.Sockets, "procfs", SourceStatus.Failed);
            Assert.DoesNotContain(OfNamespace, metrics.Scan(blind).Keys);
        }

        Assert.Equal(101, metrics.Scan(TestSnapshots.Of(Pod("a", 101)))[OfNamespace]);
    }

    private static PodSnapshot Pod(string name, ulong resets, ulong instance = 1, long closeWait = 0) =>
        TestSnapshots.Pod(name, closeWait, instance, new TcpCounters { ResetsSent = resets });
}
