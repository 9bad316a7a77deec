using Agent.Core.Diagnosis;
using Agent.Core.Model;
using Agent.Kernel.SockDiag;
using Xunit;

namespace Agent.Tests.Core.Diagnosis;

public sealed class ThresholdJudgeTests
{
    private static readonly Thresholds s_minute = new() { LeakAge = TimeSpan.FromSeconds(60), ExpiringWithin = TimeSpan.FromSeconds(60) };

    private static readonly Snapshot s_node = Given.Node(
        Given.Pod() with
        {
            HalfClosed = new()
            {
                CloseWaitSockets = 7,
                CloseWaitAges = Counts((10, 4), (60, 2), (7000, 1)),
                EntryTimes = Counts((5, 1), (59, 2), (60, 3)),
            },
        },
        Given.Pod("quiet")) with
    {
        Connections =
        [
            Given.Connection(Given.Identity(), TcpState.CloseWait, 10, TrackingState.Tracked, 59),
            Given.Connection(Given.Identity(), TcpState.CloseWait, 10, TrackingState.Tracked, 60),
            Given.Connection(Given.Identity(), TcpState.CloseWait, 10, TrackingState.Untracked),
            Given.Connection(Given.Identity(), TcpState.CloseWait, 10, TrackingState.Tracked),
        ],
    };

    [Fact]
    public void Judge_Thresholds_CountsAndMarksWhatPassesThem()
    {
        var judged = ThresholdJudge.Judge(s_node, s_minute);

        Assert.Equal((3, 3), (judged.Pods[0].HalfClosed.LeakedCloseWaitSockets, judged.Pods[0].HalfClosed.Expiring));
        Assert.Equal(
            [TrackingState.Expiring, TrackingState.Tracked, TrackingState.Untracked, TrackingState.Tracked],
            judged.Connections.Select(static connection => connection.Tracking));
        Assert.Same(s_node.Pods[1], judged.Pods[1]);
    }

    [Fact]
    public void Judge_OtherThresholdsLater_GivesWhatTheyAloneWouldHaveGiven()
    {
        var others = new Thresholds { LeakAge = TimeSpan.FromSeconds(10), ExpiringWithin = TimeSpan.FromSeconds(10) };
        var judged = ThresholdJudge.Judge(ThresholdJudge.Judge(s_node, s_minute), others);

        Assert.Equal((7, 1), (judged.Pods[0].HalfClosed.LeakedCloseWaitSockets, judged.Pods[0].HalfClosed.Expiring));
        Assert.DoesNotContain(judged.Connections, static connection => connection.Tracking == TrackingState.Expiring);
        Assert.Equal(judged.Pods[0], ThresholdJudge.Judge(s_node, others).Pods[0]);
    }

    private static DurationCounts Counts(params (int Seconds, int Number)[] counts) =>
        new([.. counts.Select(static count => new DurationCount((ushort)DurationCounts.StepOf(count.Seconds), count.Number))]);
}
