using Agent.Core.Ends;
using Agent.Core.Model;
using Xunit;

namespace Agent.Tests.Core.Ends;

public sealed class PodEndsTests
{
    private static readonly DateTimeOffset s_now = DateTimeOffset.UnixEpoch + TimeSpan.FromDays(1);

    private readonly PodEnds _pod = new(PodIdentity.Host);

    [Fact]
    public void Port_MoreThanAreToldApart_AreCountedAsPort0()
    {
        for (ushort port = 1; port <= PodEnds.MaxPorts + 1000; port++)
        {
            _pod.Port(EndRole.Client, port).AddLoss(LossCause.AfterClose, s_now);
        }

        var lost = _pod.ToSummary(TimeSpan.Zero).RequestsLost;

        Assert.Equal(PodEnds.MaxPorts + 1, lost.Length);
        Assert.Equal(1000, Assert.Single(lost, static lost => lost.Port == 0).Count);
        Assert.Equal(PodEnds.MaxPorts + 1000, lost.Sum(static lost => lost.Count));
    }

    [Fact]
    public void Port_RolesAreBoundedApart()
    {
        for (ushort port = 1; port <= PodEnds.MaxPorts + 1; port++)
        {
            _pod.Port(EndRole.Client, port);
        }

        Assert.Equal((8080, EndRole.Server), (_pod.Port(EndRole.Server, 8080).Port, _pod.Port(EndRole.Server, 8080).Role));
        Assert.Equal(0, _pod.Port(EndRole.Client, 8080).Port);
    }

    [Fact]
    public void ToSummary_NothingHappened_IsEmpty()
    {
        _pod.Port(EndRole.Server, 80);

        var summary = _pod.ToSummary(TimeSpan.FromSeconds(5));

        Assert.Equal((TimeSpan.FromSeconds(5), 0L, 0L, 0L), (summary.Watched, summary.Server.Total, summary.Client.Total, summary.LossUnknown));
        Assert.Empty(summary.IdleCloses);
        Assert.Empty(summary.RequestsLost);
    }

    [Fact]
    public void ToSummary_LossesOfOneCause_HaveTheTimeOfTheLast()
    {
        var port = _pod.Port(EndRole.Server, 80);
        port.AddLoss(LossCause.Unanswered, s_now);
        port.AddLoss(LossCause.Unanswered, s_now + TimeSpan.FromSeconds(3));
        port.AddLoss(LossCause.Unknown, s_now);

        var summary = _pod.ToSummary(TimeSpan.Zero);

        Assert.Equal([new LostRequests(EndRole.Server, LossCause.Unanswered, 80, 2, s_now + TimeSpan.FromSeconds(3))], summary.RequestsLost);
        Assert.Equal(1, summary.LossUnknown);
    }

    [Fact]
    public void Release_HeldAtAQuietPort_IsCounted_AndNotBefore()
    {
        var port = _pod.Port(EndRole.Server, 80);
        port.Hold(LossCause.UnreadAtClose, mayBeAlert: false, s_now);
        port.Habit.SawQuietClose();
        Assert.False(port.TryRelease());
        Assert.Equal((0, 1), (port.Lost(LossCause.UnreadAtClose), port.Held));

        port.Habit.SawQuietClose();

        Assert.True(port.TryRelease());
        Assert.Equal((1, 0), (port.Lost(LossCause.UnreadAtClose), port.Held));
    }

    /// <summary>Clients with a TLS alert, and such that just close, at one port: any reset may have met an alert.</summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(9, 1)]
    [InlineData(11, 0)]
    public void Release_SomeClientsSayLastWords_StaysUnknown(int quietOnes, long unknown)
    {
        var port = _pod.Port(EndRole.Server, 443);
        port.Hold(LossCause.UnreadAtClose, mayBeAlert: false, s_now);
        for (var i = 0; i < 10; i++)
        {
            port.Habit.SawLastWords();
            for (var quiet = 0; quiet < quietOnes; quiet++)
            {
                port.Habit.SawQuietClose();
            }
        }

        Assert.Equal(unknown == 0, port.TryRelease());
        Assert.Equal(unknown, _pod.ToSummary(TimeSpan.Zero).LossUnknown);
    }
}
