using Agent.Kubernetes;
using Xunit;

namespace Agent.Tests.Kubernetes;

public sealed class EventScheduleTests
{
    private readonly EventSchedule _schedule = new();
    private DateTimeOffset _now = new(2026, 11, 21, 3, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Due_TheSameFinding_IsSaidOnceAnHour()
    {
        Assert.Single(Due(Event(1)));
        Assert.Empty(Due(Event(1)));
        _now += EventSchedule.Repeat - TimeSpan.FromSeconds(1);
        Assert.Empty(Due(Event(1)));
        _now += TimeSpan.FromSeconds(1);
        Assert.Single(Due(Event(1)));
    }

    [Fact]
    public void Due_AnotherFindingOrPod_IsSaidToo()
    {
        Assert.Single(Due(Event(1)));
        Assert.Equal(2, Due(Event(1), Event(2), Event(1) with { FindingId = "reset-on-reuse" }).Count);
    }

    [Fact]
    public void Due_Many_AreABurstAndThenOneAMinute()
    {
        var many = Enumerable.Range(0, 500).Select(Event).ToArray();
        Assert.Equal(EventSchedule.Burst, Due(many).Count);
        Assert.Empty(Due(many));
        _now += TimeSpan.FromSeconds(59);
        Assert.Empty(Due(many));
        _now += TimeSpan.FromSeconds(61);
        Assert.Equal(["u10", "u11"], Due(many).Select(static one => one.Uid));
    }

    [Fact]
    public void Due_AfterALongSilence_IsABurstAndNoMore()
    {
        Assert.Single(Due(Event(0)));
        _now += TimeSpan.FromDays(3);
        Assert.Equal(EventSchedule.Burst, Due([.. Enumerable.Range(0, 500).Select(Event)]).Count);
    }

    [Fact]
    public void Due_ClockSetBack_SaysNothingTwice()
    {
        Assert.Single(Due(Event(1)));
        _now -= TimeSpan.FromDays(1);
        Assert.Empty(Due(Event(1)));
    }

    private IReadOnlyList<PodEvent> Due(params PodEvent[] events) => _schedule.Due(events, _now);

    private static PodEvent Event(int number) => new("shop", $"p{number}", $"u{number}", "half-closed-untracked", "");
}
