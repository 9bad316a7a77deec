using Agent.Core.Tallies;
using Agent.Kernel.ProcFs;
using Agent.Kernel.SockDiag;
using Xunit;

namespace Agent.Tests.Core.Tallies;

public sealed class SocketMemoryTests
{
    private static readonly SocketActivity s_activity = new(1000, 5, 4, 6, 2);
    private static readonly SocketActivity s_other = s_activity with { Events = 1001 };

    private readonly SocketMemory _memory = new();
    private readonly SocketTally _tally = new();

    [Fact]
    public void IsUnchanged_DumpAfterASecondOfRest_UntilSomethingHappens()
    {
        Dump(0, s_activity);
        Assert.False(_memory.IsUnchanged(s_activity), "a segment that was counted before the dump may have reached its socket after it");
        Dump(0.5, s_activity);
        Assert.False(_memory.IsUnchanged(s_activity));
        Dump(15, s_activity);
        Assert.True(_memory.IsUnchanged(s_activity));
        Assert.False(_memory.IsUnchanged(s_other));
        Assert.False(_memory.IsUnchanged(null));
        Dump(30, s_other);
        Assert.False(_memory.IsUnchanged(s_other));
        Dump(45, s_other);
        Assert.True(_memory.IsUnchanged(s_other));
    }

    [Theory]
    [InlineData(TcpState.SynSent)]
    [InlineData(TcpState.SynRecv)]
    [InlineData(TcpState.NewSynRecv)]
    [InlineData(TcpState.FinWait1)]
    [InlineData(TcpState.LastAck)]
    [InlineData(TcpState.Closing)]
    public void IsUnchanged_StateThatATimerEnds_IsNeverSure(TcpState state)
    {
        Dump(0, s_activity, Make.Socket("10.0.0.1:80 10.0.0.2:5000", state));
        Dump(15, s_activity, Make.Socket("10.0.0.1:80 10.0.0.2:5000", state));
        Assert.False(_memory.IsUnchanged(s_activity));
        Assert.True(_memory.CanRecall);
    }

    [Fact]
    public void CanRecall_MoreHalfClosedThanAreRemembered_Cannot()
    {
        TcpSocket[] sockets = [.. Enumerable.Range(0, SocketMemory.MaxHalfClosed + 1).Select(static i => Make.Socket($"10.0.0.1:80 10.0.0.2:{5000 + i}", TcpState.CloseWait))];
        Dump(0, s_activity, sockets[1..]);
        Assert.True(_memory.CanRecall);
        Dump(15, s_activity, sockets);
        Assert.False(_memory.CanRecall);
        Assert.False(_memory.IsUnchanged(s_activity));
    }

    [Fact]
    public void CanRecall_PartOfANamespace_Cannot()
    {
        Begin();
        _memory.Note(new(default, default, s_activity, IsWhole: false), _tally, []);
        Assert.False(_memory.CanRecall);
    }

    [Fact]
    public void Recall_LaterWhileNothingHappened_ShowsTheSameButForTheAges()
    {
        Dump(0, s_activity, Example());
        _tally.Begin(new(isHost: false), 3, 5, null, [], new HalfClosedTable(), null);
        _tally.Recall(_memory, TimeSpan.FromSeconds(60));
        Assert.False(_tally.HasPortsOf(_memory));
        _tally.Add(Make.Socket("0.0.0.0:80 0.0.0.0:0", TcpState.Listen, receiveQueue: 1));
        Assert.True(_tally.HasPortsOf(_memory));

        Assert.Equal((1, 2, 1, 4), (_tally.Count(3, TcpState.Listen), _tally.Count(3, TcpState.Established), _tally.Count(3, TcpState.TimeWait), _tally.Total));
        var port = Assert.Single(_tally.Ports.ToArray());
        Assert.Equal((3, 80, 1L, 1L, 1L, 64_000u), (port.OwnerIndex, port.Port, port.Queued, port.Established, port.IdleSamples, port.LongestIdleMilliseconds));
        Assert.Equal(["10.0.0.1:80 > 10.0.0.2:5000", "10.0.0.1:6000 > 10.0.0.3:443"], _tally.EstablishedSample.Select(static tuple => $"{tuple.Source}:{tuple.SourcePort} > {tuple.Destination}:{tuple.DestinationPort}"));

        _tally.Add(Make.Socket("0.0.0.0:81 0.0.0.0:0", TcpState.Listen));
        Assert.False(_tally.HasPortsOf(_memory), "a port more");
    }

    [Fact]
    public void Recall_ActivityUnknown_KnowsNoIdleTimes()
    {
        Dump(0, s_activity, Example());
        Begin();
        _tally.Recall(_memory, null);
        _tally.RecallListeners(_memory);
        var port = Assert.Single(_tally.Ports.ToArray());
        Assert.Equal((0L, 0u, 1L, 4L), (port.IdleSamples, port.LongestIdleMilliseconds, _tally.Count(0, TcpState.Listen), _tally.Total));
    }

    [Fact]
    public void Advance_IdleWatch_ConnectionThatIsClosedLaterWasIdleAllTheTime()
    {
        var watch = new IdleWatch();
        Scan(0, Make.Socket("10.0.0.1:80 10.0.0.2:5000", TcpState.Established, idleMilliseconds: 4000));
        for (var now = 15; now <= 300; now += 15)
        {
            _tally.Recall(_memory, TimeSpan.FromSeconds(now));
            watch.Advance(TimeSpan.FromSeconds(now), _tally.Ports);
        }

        Assert.True(watch.HasTwoScans);
        // Closed 2 s after the last look.
        Scan(315, Make.Socket("10.0.0.1:80 10.0.0.2:5000", TcpState.TimeWait, expiresMilliseconds: 47_000));
        Assert.Equal(1, watch.Port(80)!.ClosesByPod);
        Assert.Equal(TimeSpan.FromSeconds(306), watch.Port(80)!.IdleAtClose);

        void Scan(int now, TcpSocket socket)
        {
            _tally.Begin(new(isHost: false), 0, 1, null, [], new HalfClosedTable(), watch);
            _tally.Add(Make.Socket("0.0.0.0:80 0.0.0.0:0", TcpState.Listen));
            _tally.Add(socket);
            watch.Complete(TimeSpan.FromSeconds(now), _tally.Ports);
            _memory.Note(new(TimeSpan.FromSeconds(now), default, s_activity, IsWhole: true), _tally, []);
        }
    }

    private static TcpSocket[] Example() =>
    [
        Make.Socket("0.0.0.0:80 0.0.0.0:0", TcpState.Listen),
        Make.Socket("10.0.0.1:80 10.0.0.2:5000", TcpState.Established, idleMilliseconds: 4000),
        Make.Socket("10.0.0.1:6000 10.0.0.3:443", TcpState.Established, idleMilliseconds: 9000),
        Make.Socket("10.0.0.1:80 10.0.0.2:5001", TcpState.TimeWait),
    ];

    private HalfClosedTable Begin()
    {
        var halfClosed = new HalfClosedTable();
        _tally.Begin(new(isHost: false), 0, 1, null, [], halfClosed, null);
        return halfClosed;
    }

    private void Dump(double now, SocketActivity activity, params TcpSocket[] sockets)
    {
        var halfClosed = Begin();
        foreach (var socket in sockets)
        {
            _tally.Add(socket);
        }

        halfClosed.Seal();
        _memory.Note(new(TimeSpan.FromSeconds(now), TimeSpan.FromMilliseconds(1), activity, IsWhole: true), _tally, halfClosed.Sockets);
    }
}
