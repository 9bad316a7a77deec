using Agent.Core.Model;
using Agent.Loop;
using Agent.Tests.Agent.Hosting;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Agent.Loop;

public sealed class ClockStepsTests
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(15);

    [Theory]
    [InlineData(3600)]
    [InlineData(-3600)]
    [InlineData(-1)]
    public void Next_ClockIsSet_TellsHowFarOnce(int seconds)
    {
        var time = new ManualTimeProvider();
        var clock = new ClockSteps(time);
        Assert.Equal(TimeSpan.Zero, clock.Next());
        time.Advance(s_interval);
        Assert.Equal(TimeSpan.Zero, clock.Next());
        time.Advance(s_interval);
        time.SetWallClock(TimeSpan.FromSeconds(seconds));
        Assert.InRange((clock.Next() - TimeSpan.FromSeconds(seconds)).Duration(), TimeSpan.Zero, TimeSpan.FromMilliseconds(1));
        time.Advance(s_interval);
        Assert.Equal(TimeSpan.Zero, clock.Next());
    }

    [Fact]
    public void Next_ClockIsSlewed_IsNoStep()
    {
        var time = new ManualTimeProvider();
        var clock = new ClockSteps(time);
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(TimeSpan.Zero, clock.Next());
            time.Advance(s_interval);
            time.SetWallClock(TimeSpan.FromMilliseconds(-7));
        }
    }

    /// <summary>The age of the last dump is told by the time of day, so another one is made.</summary>
    [Theory]
    [InlineData(3600)]
    [InlineData(-3600)]
    public async Task Loop_ClockIsSet_DumpsAgain(int seconds)
    {
        using var scanner = new FakeScanner((_, number, _) => TestSnapshots.Of() with
        {
            Sources = [new(SourceNames.Conntrack, "netlink", SourceStatus.Ok, "", TimeSpan.FromMinutes(1), number)],
        });
        await using var agent = await TestAgent.StartAsync(scanner);
        await agent.ScannedAsync(scanner, 1);
        agent.Time.Advance(s_interval);
        await agent.ScannedAsync(scanner, 2);
        agent.Time.SetWallClock(TimeSpan.FromSeconds(seconds));
        agent.Time.Advance(s_interval);
        await agent.ScannedAsync(scanner, 3);
        Assert.Equal([true, false, true], scanner.Requests.Select(static request => request.DumpConntrack));
    }

    [Theory]
    [InlineData(3600)]
    [InlineData(-3600)]
    public void Move_History_StaysAsLongAgo(int seconds)
    {
        var history = new SnapshotHistory();
        var start = new DateTimeOffset(2026, 11, 21, 3, 0, 0, TimeSpan.Zero);
        history.Add(TestSnapshots.Of() with { TakenAt = start }, s_interval);
        history.Move(TimeSpan.FromSeconds(seconds));
        Assert.Equal(start.AddSeconds(seconds), history.Snapshots.Single().TakenAt);
        Assert.Equal(start.AddSeconds(seconds), history.Points.Single().TakenAt);
    }
}
