using System.Collections.Immutable;
using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;
using Xunit;

namespace Agent.Tests.Core.Diagnosis;

/// <summary>Closes that came with new workers are no witnesses of a time-out, and a time-out beside them is still one.</summary>
public sealed class ReloadsTests
{
    private const double Warned = 6;

    private static readonly BackendClosesIdleFirstRule s_rule = new();

    [Theory]
    [InlineData(5, 30, 40, Severity.Info)]
    [InlineData(15, 60, 40, Severity.Info)]
    [InlineData(15, 8, 40, Severity.Info)] // of two or more between two scans only the last one's workers are seen
    [InlineData(2, 2.5, 100, Severity.Info)]
    [InlineData(15, 60, 1000, Severity.Warning)] // workers that come and go, but not then
    public void ClosesAtOneAgeWithEachReload(double interval, double period, double offsetMilliseconds, Severity expected)
    {
        var reloads = Times(period, 0);
        Assert.Equal(expected, Said(interval, closes: reloads, starts: reloads.Select(at => at + (offsetMilliseconds / 1000))));
    }

    // Closes every four seconds: now and then a worker starts by chance when there is one.
    [Theory]
    [InlineData(5, 30)]
    [InlineData(15, 60)]
    [InlineData(15, 8)]
    [InlineData(5, 7.3)]
    public void TimeOutBesideReloads_IsKnown(double interval, double period) =>
        Assert.Equal(Severity.Warning, Said(interval, closes: Times(4, 0.9), starts: Times(period, 0)));

    [Fact]
    public void TimeOutAndReloadsThatCloseToo_IsKnown() =>
        Assert.Equal(Severity.Warning, Said(15, closes: [.. Times(9, 4.5), .. Times(60, 0)], starts: Times(60, 0)));

    [Fact]
    public void OneWorkerThatStartedAtAClose_IsChance() =>
        Assert.Equal(Severity.Warning, Said(15, closes: Times(12, 0), starts: [-120]));

    [Fact]
    public void WorkersUnknown_AsBefore() => Assert.Equal(Severity.Warning, Said(15, closes: Times(60, 0), starts: []));

    private static double[] Times(double period, double offset) =>
        [.. Enumerable.Range(0, 400).Select(number => offset - (number * period)).Where(static at => at is > -300 and < 0)];

    /// <summary>What is said after five minutes of scans.</summary>
    /// <param name="interval">Between two scans, seconds.</param>
    /// <param name="closes">When connections were closed that had been idle for about six seconds; seconds from now.</param>
    /// <param name="starts">When workers were started.</param>
    private static Severity Said(double interval, IEnumerable<double> closes, IEnumerable<double> starts)
    {
        ImmutableArray<IdleCloseEvent> events =
        [
            .. closes.Order().TakeLast(32).Select(static at => new IdleCloseEvent(
                Given.Noon + TimeSpan.FromSeconds(at), 1, TimeSpan.FromSeconds(Warned), TimeSpan.FromSeconds(Warned), TimeSpan.FromSeconds(Warned))),
        ];
        var pod = Given.Serving(Given.Kubernetes(), Given.Listener(8080) with { Established = 5 });
        var known = starts.ToList();
        var ends = Given.Ends([]) with { IdleCloses = [new(8080, [.. new long[14]], default, default, default) { Events = events }] };
        var snapshots = Enumerable.Range(0, (int)(300 / interval)).Reverse().Select(number =>
        {
            var at = -number * interval;
            var started = known.Where(start => start <= at).Select(start => (TimeSpan?)TimeSpan.FromSeconds(at - start)).Min();
            var node = Given.Node(pod with { NewestWorkerRunning = started, Ends = ends });
            return node with { ConnectionEnds = new(10, 0, 1, TimeSpan.FromMinutes(1)) };
        });
        return s_rule.Evaluate(Given.InTurn(TimeSpan.FromSeconds(interval), [.. snapshots])).Max(static finding => (Severity?)finding.Severity) ?? Severity.Info;
    }
}
