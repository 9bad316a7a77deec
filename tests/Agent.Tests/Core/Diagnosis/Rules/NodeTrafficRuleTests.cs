using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;
using Agent.Kernel.SockDiag;
using Xunit;

namespace Agent.Tests.Core.Diagnosis.Rules;

public sealed class NodeTrafficRuleTests
{
    private static readonly ConntrackNotAuthoritativeRule s_bypass = new();
    private static readonly ListenQueueOverflowRule s_queue = new();
    private static readonly TimeWaitOverflowRule s_timeWait = new();

    private static PodSnapshot Overflowing(long queued, ulong overflows) => Given.Serving(null, Given.Listener() with { Queued = queued, Backlog = 10 }) is var pod
        ? pod with { Counters = pod.Counters! with { ListenOverflows = overflows, ListenDrops = overflows } }
        : throw new InvalidOperationException();

    [Fact]
    public void Bypass_NoPodIsTracked_Info()
    {
        var finding = Given.Only(s_bypass, Given.Alone(Given.Node(Given.Serving() with { IsTracked = false })));
        Assert.Equal((Severity.Info, SubjectKind.Node), (finding.Severity, finding.Subject.Kind));
        Assert.Contains("5 established connections of shop/web", finding.Evidence[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Bypass_OnePodIsTracked_Silent() => Assert.Empty(s_bypass.Evaluate(Given.Alone(Given.Node(
        Given.Serving() with { IsTracked = false },
        Given.Serving(Given.Kubernetes("api"))))));

    [Theory]
    [InlineData(null)]
    [InlineData(true)]
    public void Bypass_TrackedOrUnknown_Silent(bool? tracked) => Assert.Empty(s_bypass.Evaluate(Given.Alone(Given.Node(Given.Serving() with { IsTracked = tracked }))));

    [Fact]
    public void Bypass_ConntrackNotReadable_Silent()
    {
        var node = Given.Node(Given.Serving() with { IsTracked = false });
        var blind = node with { Sources = [.. node.Sources.Where(static source => source.Name != SourceNames.Conntrack)] };
        Assert.Empty(s_bypass.Evaluate(Given.Alone(blind)));
    }

    [Theory]
    [InlineData(0, 0ul, null)]
    [InlineData(11, 0ul, Severity.Warning)]
    [InlineData(0, 3ul, Severity.Warning)]
    [InlineData(11, 3ul, Severity.Critical)]
    public void Queue_SeverityByQueueAndRise(long queued, ulong rise, Severity? expected) => Assert.Equal(
        expected,
        s_queue.Evaluate(Given.InTurn(Given.Node(Overflowing(0, 50)), Given.Node(Overflowing(queued, 50 + rise)))).FirstOrDefault()?.Severity);

    [Fact]
    public void Queue_Full_NamesTheProbeThatWillFail() => Assert.Contains(
        Given.Only(s_queue, Given.Alone(Given.Node(Overflowing(11, 0)))).Evidence,
        static line => line.StartsWith("The readiness probe of container app (http, port 8080)", StringComparison.Ordinal) && line.Contains("30s", StringComparison.Ordinal));

    [Fact]
    public void Queue_OneScanWithOldOverflows_Info() =>
        Assert.Equal(Severity.Info, Given.Only(s_queue, Given.Alone(Given.Node(Overflowing(0, 50)))).Severity);

    private static PodSnapshot SynQueue(ulong drops, ulong cookies) => Given.Serving() is var pod
        ? pod with
        {
            Counters = pod.Counters! with { SynQueueDrops = drops, SynQueueCookies = cookies, ListenDrops = drops },
            Tcp = Given.States((TcpState.SynRecv, 11)),
        }
        : throw new InvalidOperationException();

    [Theory]
    [InlineData(0ul, 0ul, null)]
    [InlineData(7ul, 0ul, Severity.Warning)]
    [InlineData(0ul, 7ul, Severity.Info)] // nobody is turned away
    public void SynQueue_SeverityByWhatTheKernelDoes(ulong drops, ulong cookies, Severity? expected)
    {
        var finding = s_queue.Evaluate(Given.InTurn(Given.Node(SynQueue(5, 5)), Given.Node(SynQueue(5 + drops, 5 + cookies)))).FirstOrDefault();

        Assert.Equal(expected, finding?.Severity);
        Assert.True(finding is null || finding.Evidence[1].StartsWith("11 connections in SYN_RECV", StringComparison.Ordinal));
    }

    [Fact]
    public void SynQueue_Dropping_SwitchesCookiesOn() => Assert.Contains(
        Given.Only(s_queue, Given.InTurn(Given.Node(SynQueue(5, 5)), Given.Node(SynQueue(9, 5)))).Fix,
        static fix => fix.Text.EndsWith("sysctl -w net.ipv4.tcp_syncookies=1", StringComparison.Ordinal));

    /// <summary>SYNs are dropped for other reasons, too: only with connections in SYN_RECV it is the queue.</summary>
    [Theory]
    [InlineData(9ul, 0ul, 12, true)]
    [InlineData(9ul, 0ul, 1, false)]
    [InlineData(9ul, 0ul, 0, false)]
    public void SynQueue_OnlyListenDropsRise(ulong drops, ulong overflows, int synRecv, bool isNamed)
    {
        var before = Given.Serving();
        var after = before with
        {
            Counters = before.Counters! with { ListenDrops = drops, ListenOverflows = overflows, SynQueueDrops = 0 },
            Tcp = Given.States((TcpState.SynRecv, synRecv)),
        };
        Assert.Equal(isNamed ? 1 : 0, s_queue.Evaluate(Given.InTurn(Given.Node(before), Given.Node(after))).Count());
    }

    private static PodSnapshot TimeWaits(ulong overflows) => Given.Serving() is var pod
        ? pod with { Counters = pod.Counters! with { TimeWaitOverflows = overflows }, Tcp = Given.States((TcpState.TimeWait, 200)) }
        : throw new InvalidOperationException();

    [Theory]
    [InlineData(0ul, null)]
    [InlineData(30ul, Severity.Warning)]
    public void TimeWait_OverflowsThatRise(ulong rise, Severity? expected)
    {
        var finding = s_timeWait.Evaluate(Given.InTurn(Given.Node(TimeWaits(5)), Given.Node(TimeWaits(5 + rise)))).FirstOrDefault();

        Assert.Equal(expected, finding?.Severity);
        Assert.True(finding is null || finding.Evidence[1].StartsWith("200 sockets in TIME_WAIT now", StringComparison.Ordinal));
    }

    [Fact]
    public void TimeWait_OneScanWithOldOverflows_Info() => Assert.Equal(Severity.Info, Given.Only(s_timeWait, Given.Alone(Given.Node(TimeWaits(5)))).Severity);

    [Fact]
    public void TimeWait_ManyButRoomLeft_Silent() => Assert.Empty(s_timeWait.Evaluate(Given.Alone(Given.Node(TimeWaits(0)))));

    [Fact]
    public void Queue_PodReplacedByOneOfTheSameName_NotCompared()
    {
        var fresh = Overflowing(0, 60) with { NamespaceInstance = 1 };
        Assert.Empty(s_queue.Evaluate(Given.InTurn(Given.Node(Overflowing(0, 50)), Given.Node(fresh))));
    }
}
