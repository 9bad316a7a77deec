using Agent.Loop;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Agent.Loop;

public class DumpScheduleTests
{
    private static readonly TimeSpan s_cost = TimeSpan.FromSeconds(0.3);

    private readonly ManualTimeProvider _time = new();
    private TimeSpan _processorTime = TimeSpan.FromSeconds(100);

    [Fact]
    public void IsDue_BeforeTheFirstDump_Yes() => Assert.True(Schedule().IsDue(budgetPercent: 1));

    [Theory]
    [InlineData(29, 0.3, false)]
    [InlineData(30, 0.3, true)]
    [InlineData(44, 0.45, false)]
    [InlineData(45, 0.45, true)]
    [InlineData(89, 9, false)]
    [InlineData(90, 9, true)]
    public void IsDue_SecondsAfterADump_WhenTheProcessIsWithinTheBudgetOrThriceTheSpacingHasPassed(double seconds, double processorSeconds, bool due)
    {
        var schedule = Schedule();
        schedule.Begin();
        schedule.Dumped(s_cost);
        _time.Advance(TimeSpan.FromSeconds(seconds));
        _processorTime += TimeSpan.FromSeconds(processorSeconds);
        Assert.Equal(due, schedule.IsDue(budgetPercent: 1));
    }

    private DumpSchedule Schedule() => new(_time, () => _processorTime);
}
