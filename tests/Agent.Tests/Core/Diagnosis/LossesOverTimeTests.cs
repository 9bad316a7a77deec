using System.Collections.Immutable;
using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;
using Agent.Loop;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Core.Diagnosis;

/// <summary>What a running agent says of lost requests, scan after scan, while their cause becomes known: never that nothing explains them.</summary>
public sealed class LossesOverTimeTests
{
    private const double Default = 15;
    private const double Minutes = 6;

    /// <summary>A server that dies every so many seconds, and listens again some seconds later.</summary>
    [Theory]
    [InlineData(3.7, 0.5)]
    [InlineData(4.3, 2.7)] // about every second scan finds nobody listening
    [InlineData(20, 1)]
    [InlineData(40, 20)]
    [InlineData(60, 5)]
    [InlineData(15, 13)] // every scan finds nobody listening
    public void CrashLoop_IsToldAsOne(double period, double down) => Assert.Equal(
        [ContainerRestartingRule.Id], Shown(Default, at => Crashing(at, Times(period, 100), down)).SelectMany(static shown => shown).Distinct());

    public static TheoryData<double, double, double> CrashesScannedOften => RandomCases.Some(new TheoryData<double, double, double>
    {
        { 2, 11, 3 },
        { 1, 3.7, 0.5 },
        { 1, 8, 2 },
        { 5, 50, 5 },
        { 1, 15, 10 },
        { 1, 18, 1 },
        { 2, 40, 13 },
        { 2, 18, 1 },
        { 1, 30, 5 },
        { 1, 18, 13 },
        { 1, 50, 0.3 },
    });

    /// <summary>Where scans follow one another closely what is kept of them does not go back for long.</summary>
    [Theory]
    [MemberData(nameof(CrashesScannedOften))]
    public void CrashLoop_ScannedOften_IsToldAsOne(double interval, double period, double down) => Assert.Equal(
        [ContainerRestartingRule.Id],
        Shown(interval, at => Crashing(at, Times(period, 100), down)).SelectMany(static shown => shown).Distinct());

    public static TheoryData<double, double> LossesScannedOften =>
        RandomCases.Some(new TheoryData<double, double> { { 2, 65 }, { 1, 65 }, { 1, 125 }, { 5, 125 } });

    /// <summary>What counts for five minutes does so however closely scans follow one another: it does not come and go with each loss.</summary>
    [Theory]
    [MemberData(nameof(LossesScannedOften))]
    public void FewLosses_ScannedOften_StayCritical(double interval, double period)
    {
        var shown = Findings(interval, at => Closing(at, Times(period, 100), 5.1))
            .SkipWhile(static findings => !findings.Any(static finding => finding.Severity == Severity.Critical)).ToList();

        Assert.NotEmpty(shown);
        Assert.All(shown, static findings => Assert.Equal((BackendClosesIdleFirstRule.Id, Severity.Critical), (findings[0].Id, findings[0].Severity)));
    }

    [Theory]
    [InlineData(6)]
    [InlineData(20)]
    [InlineData(40)]
    [InlineData(57)]
    public void IdleTimeOut_IsToldAsOne(double age)
    {
        var told = Shown(Default, at => Closing(at, Times(age + 3, 100), age)).SelectMany(static shown => shown).Distinct().ToList();

        Assert.DoesNotContain(RequestsLostRule.Id, told);
        Assert.Contains(BackendClosesIdleFirstRule.Id, told);
    }

    /// <summary>A server that is busy when its time comes closes later each time, and nobody asks it often: three closes take minutes.</summary>
    [Theory]
    [InlineData(20)]
    [InlineData(45)]
    [InlineData(60)]
    public void IdleTimeOutOfABusyServer_IsToldAsOne(double period)
    {
        var told = Shown(2, at => Closing(at, Times(period, 100), 6.1, 6.9, 6.5)).SelectMany(static shown => shown).Distinct().ToList();

        Assert.Equal([BackendClosesIdleFirstRule.Id], told);
    }

    /// <summary>Two closes after about the same time are no time-out yet, and one crash is no loop: the requests are lost all the same.</summary>
    [Theory]
    [InlineData(Default)]
    [InlineData(2)] // what is kept of scans is shorter than the patience
    public void NoCauseComes_LossesAreTold(double interval)
    {
        AssertToldAndOver(Shown(interval, at => Crashing(at, Times(7, 1), 1)));
        AssertToldAndOver(Shown(interval, at => Crashing(at, Times(7, 1), 1000)));
        AssertToldAndOver(Shown(interval, at => Closing(at, Times(33, 2), 30.7)));
    }

    /// <summary>Crashes so far apart that the first was told: that goes when the loop is told, and is not said to be over.</summary>
    [Fact]
    public void SlowCrashLoop_TheOneIsToldAfterTheOther_NeverBoth()
    {
        var shown = Shown(Default, static at => Crashing(at, Times(80, 100), 5));

        Assert.All(shown, static findings => Assert.True(findings.Count <= 1, string.Join(' ', findings)));
        Assert.Equal([RequestsLostRule.Id, ContainerRestartingRule.Id], shown.SelectMany(static findings => findings).Distinct());
    }

    public static TheoryData<double, double, double> SlowCrashes => RandomCases.Some(new TheoryData<double, double, double>
    {
        { 15, 120, 5 },
        { 15, 120, 50 },
        { 15, 200, 5 },
        { 15, 290, 20 },
        { 15, 345, 5 },
        { 60, 120, 5 },
        { 60, 40, 5 },
        { 60, 11, 2 },
        { 2, 250, 3 },
        { 60, 200, 5 },
    });

    /// <summary>Once the third crash has shown that it is a loop, each further one is told as that, however seldom it comes.</summary>
    [Theory]
    [MemberData(nameof(SlowCrashes))]
    public void SlowCrashLoop_StaysOne(double interval, double period, double down)
    {
        var shown = Shown(interval, at => Crashing(at, Times(period, 100), down), minutes: 30);
        var told = shown.FindIndex(static findings => findings.Contains(ContainerRestartingRule.Id));

        Assert.InRange(told, 0, (3 * period / interval) + 4);
        Assert.DoesNotContain(shown[told..].SelectMany(static findings => findings), static id => id == RequestsLostRule.Id);
    }

    private static void AssertToldAndOver(List<IReadOnlyList<string>> shown)
    {
        Assert.Contains(shown, static findings => findings.Contains(RequestsLostRule.Id));
        Assert.Empty(shown[^1]);
    }

    private static double[] Times(double period, int most) => [.. Enumerable.Range(1, most).Select(number => number * period)];

    /// <summary>The ids that are above info after each scan.</summary>
    private static List<IReadOnlyList<string>> Shown(double interval, Func<double, PodSnapshot> pod, double minutes = Minutes) =>
    [
        .. Findings(interval, pod, minutes).Select(static findings => (IReadOnlyList<string>)[.. findings
            .Where(static finding => finding.Severity > Severity.Info && finding.CausedBy is null).Select(static finding => finding.Id)]),
    ];

    private static List<ImmutableArray<Finding>> Findings(double interval, Func<double, PodSnapshot> pod, double minutes = Minutes)
    {
        var tracker = new FindingTracker();
        var history = new SnapshotHistory();
        List<ImmutableArray<Finding>> shown = [];
        var server = 0UL;
        List<double> starts = [];
        for (var at = 0.0; at <= 60 * minutes; at += interval)
        {
            var now = pod(at);
            if (now.Listeners is [{ Restarts: { } started } listener])
            {
                // As the tally counts: another one than the last time, at most once a scan, and nothing to compare with at the first.
                if (server != (ulong)started)
                {
                    starts.Add(at);
                }

                server = (ulong)started;
                now = now with
                {
                    Listeners =
                    [
                        listener with
                        {
                            Restarts = history.Snapshots.IsEmpty ? null : starts.Count,
                            ThirdLastRestartAgo = starts.Count >= 3 ? TimeSpan.FromSeconds(at - starts[^3]) : null,
                        },
                    ],
                };
            }

            var current = Given.Node(now) with { TakenAt = Time(at) };
            var context = new DiagnosisContext(current, history.Snapshots, new()) { History = history.Pods };
            shown.Add(tracker.Update(DiagnosisEngine.Evaluate(context), current.TakenAt).Findings);
            history.Add(current, TimeSpan.FromSeconds(interval));
        }

        return shown;
    }

    private static DateTimeOffset Time(double seconds) => Given.Noon + TimeSpan.FromSeconds(seconds);

    private static PodSnapshot Crashing(double now, double[] crashes, double down)
    {
        var past = crashes.Where(at => at <= now).ToList();
        var lost = past.Count == 0 ? [] : new[] { new LostRequests(EndRole.Server, LossCause.Unanswered, 8080, 6 * past.Count, Time(past[^1])) };
        return Pod(lost) with
        {
            Counters = new() { PassiveOpens = (ulong)past.Count },
            Listeners = past.Count > 0 && now < past[^1] + down ? [] : [Given.Listener() with { Restarts = past.Count }],
        };
    }

    private static PodSnapshot Closing(double now, double[] closes, params double[] ages)
    {
        var past = closes.Where(at => at <= now).ToList();
        if (past.Count == 0)
        {
            return Pod();
        }

        var idle = ages.Select(static age => TimeSpan.FromSeconds(age)).ToList();
        var pod = Pod(new LostRequests(EndRole.Server, LossCause.AfterClose, 8080, 6 * past.Count, Time(past[^1])) { IdleBefore = idle.Min() });
        var events = past.Select((at, number) => (At: Time(at), Age: idle[number % idle.Count]))
            .Select(static close => new IdleCloseEvent(close.At, 1, close.Age, close.Age, close.Age));
        return pod with { Ends = pod.Ends! with { IdleCloses = [Given.IdleCloses(ages[0], past.Count) with { Events = [.. events] }] } };
    }

    private static PodSnapshot Pod(params LostRequests[] lost) => Given.Serving() with { Kubernetes = null, Ends = Given.Ends(lost) };
}
