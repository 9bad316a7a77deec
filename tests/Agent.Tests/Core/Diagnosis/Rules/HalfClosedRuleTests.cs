using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;
using Agent.Core.Reporting;
using Agent.Kernel.SockDiag;
using Xunit;

namespace Agent.Tests.Core.Diagnosis.Rules;

public sealed class HalfClosedRuleTests
{
    private static readonly HalfClosedExpiringRule s_expiring = new();
    private static readonly HalfClosedUntrackedRule s_untracked = new();
    private static readonly CloseWaitLeakRule s_leak = new();
    private static readonly FinWait2PileUpRule s_pileUp = new();

    private static Snapshot Node(HalfClosedSummary summary, params HalfClosedConnection[] connections) =>
        Given.Node(Given.Pod() with { HalfClosed = summary }) with { Connections = [.. connections] };

    private static HalfClosedSummary CloseWait(long sockets, long leaked = 0, int oldestSeconds = 300) =>
        new() { CloseWaitSockets = sockets, LeakedCloseWaitSockets = leaked, Oldest = TimeSpan.FromSeconds(oldestSeconds) };

    [Theory]
    [InlineData(2, 58, Severity.Info)] // just half-closed, of 60 s
    [InlineData(2, 1, Severity.Warning)] // most of 3 s used up
    [InlineData(30, 30, Severity.Warning)]
    public void Expiring_SeverityByAge(int ageSeconds, int expiresIn, Severity expected)
    {
        var summary = CloseWait(1, 0, ageSeconds) with { NeededEntryTimes = Given.Times(1, expiresIn) };
        var connection = Given.Connection(Given.Identity(), TcpState.CloseWait, ageSeconds, TrackingState.Expiring, expiresIn);
        Assert.Equal(expected, Given.Only(s_expiring, Given.Alone(Node(summary, connection))).Severity);
    }

    [Fact]
    public void Expiring_PassingThrough_Silent() =>
        Assert.Empty(s_expiring.Evaluate(Given.Alone(Node(new() { FinWait2Sockets = 9, NeededEntryTimes = Given.Times(9, 20), Oldest = TimeSpan.FromMilliseconds(80) }))));

    [Fact]
    public void Untracked_Living_CriticalWithExample()
    {
        var summary = CloseWait(2) with { Untracked = 2, UntrackedLost = 2 };
        var finding = Given.Only(s_untracked, Given.Alone(Node(summary, Given.Connection(Given.Identity(), TcpState.CloseWait, 6, TrackingState.Untracked))));
        Assert.Equal((Severity.Critical, 2L), (finding.Severity, finding.Victims));
        Assert.Contains(finding.Examples, static line => line.Contains("10.0.0.1:8080 to 10.0.0.2:40000: close_wait, half-closed for 6s, the peer closed first, node(4711)", StringComparison.Ordinal));
    }

    [Fact]
    public void Untracked_NothingTranslated_Silent() =>
        Assert.Empty(s_untracked.Evaluate(Given.Alone(Node(CloseWait(2) with { Untracked = 2 }))));

    [Fact]
    public void Untracked_NobodySawTheEntries_InfoThatSaysWhatItTakes()
    {
        var finding = Given.Only(s_untracked, Given.Alone(Node(CloseWait(2) with { Untracked = 2, UntrackedUnsure = 2 })));
        Assert.Equal(Severity.Info, finding.Severity);
        Assert.DoesNotContain("is lost", finding.Title, StringComparison.Ordinal);
        Assert.Contains(finding.Evidence, static line => line.Contains("closewatch run", StringComparison.Ordinal));
    }

    /// <summary>Clients gone, requests unread, in a meshed pod: the leak first, what conntrack has forgotten follows from it.</summary>
    [Theory]
    [InlineData(25, Severity.Info)]
    [InlineData(20, Severity.Critical)] // on five of them somebody may still wait
    public void Untracked_AbandonedInALeak_FollowsFromTheLeak(int abandoned, Severity expected)
    {
        var meshed = Given.Pod() with
        {
            OwnTableTracks = true,
            Settings = Given.Settings(60),
            HalfClosed = CloseWait(25, 25) with
            {
                UntrackedLost = 25,
                Untracked = 25,
                AbandonedCloseWaitAges = Given.Times(abandoned, 200),
                AbandonedLostAges = Given.Times(abandoned, 200),
            },
        };
        var result = DiagnosisEngine.Evaluate(Given.Alone(Given.Node(meshed)));
        var untracked = Assert.Single(result.Findings, static finding => finding.Id == HalfClosedUntrackedRule.Id);
        Assert.Equal((expected, expected == Severity.Info), (untracked.Severity, untracked.CausedBy == CloseWaitLeakRule.Id));
        Assert.Equal(
            expected == Severity.Info ? CloseWaitLeakRule.Id : CloseWaitTimeoutShortRule.Id,
            result.Findings[0].Id);
    }

    /// <summary>A client's pool that keeps what its peers have closed, longer than conntrack does: no word is lost that nobody says.</summary>
    [Theory]
    [InlineData(3, Severity.Info)]
    [InlineData(2, Severity.Critical)]
    public void Untracked_KeptByAPool_IsANote(int pooled, Severity expected)
    {
        var node = Node(CloseWait(3) with { Untracked = 3, UntrackedLost = 3, PooledLost = pooled }) with { HostSettings = Given.Settings(60) };

        var findings = DiagnosisEngine.Evaluate(Given.Alone(node)).Findings;

        Assert.Equal([CloseWaitTimeoutShortRule.Id, HalfClosedUntrackedRule.Id], findings.Select(static finding => finding.Id));
        Assert.All(findings, finding => Assert.Equal(expected, finding.Severity));
        Assert.Equal(CloseWaitTimeoutShortRule.Id, findings[1].CausedBy);
    }

    /// <summary>Whoever raises the timeout after a flush of the table looks in the wrong place.</summary>
    [Theory]
    [InlineData(2, "whose conntrack entry was deleted", false)]
    [InlineData(1, "that conntrack has forgotten", true)]
    [InlineData(0, "that conntrack has forgotten", true)]
    public void Untracked_EntriesThatHadTimeLeft_WereDeleted(int deleted, string said, bool offersTimeout)
    {
        HalfClosedConnection[] connections =
        [
            .. Enumerable.Range(0, 2).Select(index =>
                Given.Connection(Given.Identity(), TcpState.CloseWait, 6, TrackingState.Untracked) with { EntryWasDeleted = index < deleted }),
        ];
        var finding = Given.Only(s_untracked, Given.Alone(Node(CloseWait(2) with { Untracked = 2, UntrackedLost = 2 }, connections)));
        Assert.Equal(Severity.Critical, finding.Severity);
        Assert.Contains(said, finding.Title, StringComparison.Ordinal);
        Assert.Equal(offersTimeout, finding.Fix.Any(static fix => fix.Text.Contains("wait", StringComparison.OrdinalIgnoreCase)));
        Assert.Equal(deleted > 0, finding.Evidence.Any(line => line.StartsWith($"{deleted} entr", StringComparison.Ordinal)));
    }

    [Fact]
    public void Untracked_InAMeshedPod_OffersWhatReachesItsNamespace()
    {
        var meshed = Given.Pod() with { OwnTableTracks = true, HalfClosed = CloseWait(2) with { Untracked = 2, UntrackedLost = 2 } };
        var fixes = Given.Only(s_untracked, Given.Alone(Given.Node(meshed))).Fix;
        Assert.Contains(fixes, static fix => fix.Text.Contains("config.linkerd.io/close-wait-timeout", StringComparison.Ordinal));
        Assert.DoesNotContain(fixes, static fix => fix.Where.Contains("kube-proxy", StringComparison.Ordinal));
    }

    [Fact]
    public void Untracked_OrphansOnly_Info()
    {
        var connection = Given.Connection(Given.Identity(), TcpState.FinWait2, 50, TrackingState.Untracked, inode: 0);
        Assert.Equal(Severity.Info, Given.Only(s_untracked, Given.Alone(Node(new() { FinWait2Sockets = 1, Untracked = 1, UntrackedLost = 1 }, connection))).Severity);
    }

    [Fact]
    public void Untracked_LeakOlderThanTheRecommendedTimeout_FollowsFromTheLeak()
    {
        var summary = CloseWait(20, 20, 7300) with { Untracked = 20, UntrackedLost = 20 };
        var result = DiagnosisEngine.Evaluate(Given.Alone(Node(summary, Given.Connection(Given.Identity(), TcpState.CloseWait, 7300, TrackingState.Untracked))));
        Assert.Equal([CloseWaitLeakRule.Id, HalfClosedUntrackedRule.Id], result.Findings.Select(static finding => finding.Id));
        Assert.Equal((Severity.Info, CloseWaitLeakRule.Id), (result.Findings[1].Severity, result.Findings[1].CausedBy));
    }

    [Fact]
    public void Untracked_ShortTimeoutOfTheHost_FollowsFromIt()
    {
        var node = Node(CloseWait(3) with { Untracked = 2, UntrackedLost = 2, NeededEntryTimes = Given.Times(1, 20) }) with { HostSettings = Given.Settings(3) };
        var result = DiagnosisEngine.Evaluate(Given.Alone(node));
        Assert.Equal(
            [CloseWaitTimeoutShortRule.Id, HalfClosedUntrackedRule.Id, HalfClosedExpiringRule.Id],
            result.Findings.Select(static finding => finding.Id));
        Assert.All(result.Findings.Skip(1), static finding => Assert.Equal(CloseWaitTimeoutShortRule.Id, finding.CausedBy));
        Assert.StartsWith("CRITICAL: conntrack on this node forgets half-closed connections after 3s: 2 half-closed sockets already forgotten", result.Headline.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(9, null)]
    [InlineData(10, Severity.Warning)]
    [InlineData(100, Severity.Critical)]
    public void Leak_SeverityByCount(long leaked, Severity? expected) =>
        Assert.Equal(expected, s_leak.Evaluate(Given.Alone(Node(CloseWait(leaked, leaked)))).FirstOrDefault()?.Severity);

    /// <summary>A client's pool keeps twenty connections that its peers have closed, and no more.</summary>
    [Fact]
    public void Leak_StablePool_Info()
    {
        var pool = CloseWait(20, 20) with { PooledCloseWaitAges = Given.Times(20, 300) };
        foreach (var context in new[] { Given.Alone(Node(pool)), Given.InTurn(Node(pool), Node(pool), Node(pool)), Given.InTurn(Node(new()), Node(pool), Node(pool)) })
        {
            var finding = Given.Only(s_leak, context);
            Assert.Equal(Severity.Info, finding.Severity);
            Assert.Contains("as a client's pool may", finding.Title, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Leak_PoolThatGrowsAndGrows_Critical() => Assert.Equal(
        Severity.Critical,
        Given.Only(s_leak, Given.InTurn([.. Enumerable.Range(0, 5).Select(static scan =>
            Node(CloseWait(20 + (scan * 6), 20 + (scan * 6)) with { PooledCloseWaitAges = Given.Times(20 + (scan * 6), 300) }))])).Severity);

    [Fact]
    public void Leak_Growing_CriticalWithProcessGrowthAndUnreadBytes()
    {
        var summary = CloseWait(30, 30) with { UnreadBytes = 4096 };
        var finding = Given.Only(s_leak, Given.InTurn(
            Node(CloseWait(12, 12)),
            Node(summary, Given.Connection(Given.Identity(), TcpState.CloseWait, 90))));
        Assert.Equal(Severity.Critical, finding.Severity);
        Assert.Contains("Owner: node(4711).", finding.Evidence);
        Assert.Contains(finding.Evidence, static line => line.StartsWith("18 more than 15s ago", StringComparison.Ordinal));
        Assert.Contains(finding.Evidence, static line => line.StartsWith("4,096 bytes lie unread", StringComparison.Ordinal));
    }

    [Fact]
    public void Leak_ProxyHoldsBothLegs_SaysToLookBehindIt() => Assert.Contains(
        Given.Only(s_leak, Given.Alone(Node(CloseWait(20, 20) with { FinWait2Sockets = 19 }))).Evidence,
        static line => line.Contains("holds both legs", StringComparison.Ordinal));

    [Fact]
    public void Leak_BehindAProxyOfTheSamePod_NamesTheApplication()
    {
        var proxy = Given.Connection(Given.Identity(), TcpState.CloseWait, 90) with { Process = new("envoy", 12) };
        var application = Given.Connection(Given.Identity(), TcpState.CloseWait, 90) with { Process = new("java", 34), OtherEnd = Given.Identity() };
        Assert.Contains(
            Given.Only(s_leak, Given.Alone(Node(CloseWait(40, 40) with { FinWait2Sockets = 20 }, proxy, application))).Evidence,
            static line => line.Contains("the application behind it that does not close, java(34)", StringComparison.Ordinal));
    }

    [Fact]
    public void Leak_OfAServerThatForks_CountsItsProcesses()
    {
        var connections = Enumerable.Range(7, 5).Select(static pid => Given.Connection(Given.Identity(), TcpState.CloseWait, 90) with { Process = new("sh", pid) });
        Assert.Contains("Owner: sh(7, 8, 9 and 2 more).", Given.Only(s_leak, Given.Alone(Node(CloseWait(20, 20), [.. connections]))).Evidence);
    }

    [Theory]
    [InlineData(20, CloseWaitLeakRule.Id)]
    [InlineData(0, null)]
    public void PileUp_AgainstAPodOfThisNode_FollowsFromItsLeak(long leaked, string? cause)
    {
        var leaky = Given.Pod("leaky") with { HalfClosed = CloseWait(20, leaked) };
        var connection = Given.Connection(Given.Identity(), TcpState.FinWait2, 90) with { OtherEnd = leaky.Identity };
        var node = Node(new() { FinWait2Sockets = 20, FinWait2Ages = Given.Times(20, 90), Oldest = TimeSpan.FromSeconds(90) }, connection);
        var finding = Given.Only(s_pileUp, Given.Alone(node with { Pods = node.Pods.Add(leaky) }));
        Assert.Equal(cause, finding.CausedBy);
        Assert.Equal(
            cause is not null,
            FindingText.Evidence(finding).Contains("Follows from close-wait-leak of shop/leaky: repair that first."));
    }

    [Fact]
    public void Leak_SlowAnswersBelowTheCount_Silent() => Assert.Empty(s_leak.Evaluate(Given.Alone(Node(CloseWait(200, 3)))));

    [Fact]
    public void PileUp_SocketsThatLiveForThreeSeconds_Silent() => Assert.Empty(s_pileUp.Evaluate(Given.Alone(
        Node(new() { FinWait2Sockets = 300, FinWait2Ages = Given.Times(300, 3), Oldest = TimeSpan.FromSeconds(3) }, Given.Connection(Given.Identity(), TcpState.FinWait2, 0)))));

    [Theory]
    [InlineData(9, 30, 0, null)]
    [InlineData(20, 30, 0, Severity.Info)] // orphans of clients that vanished
    [InlineData(20, 90, 7, Severity.Warning)] // still owned: no time-out
    [InlineData(100, 30, 0, Severity.Warning)]
    public void PileUp_SeverityByCountAndOwner(long count, int ageSeconds, int inode, Severity? expected) => Assert.Equal(
        expected,
        s_pileUp.Evaluate(Given.Alone(Node(
            new() { FinWait2Sockets = count, FinWait2Ages = Given.Times(count, ageSeconds), Oldest = TimeSpan.FromSeconds(ageSeconds) },
            Given.Connection(Given.Identity(), TcpState.FinWait2, ageSeconds, inode: (ulong)inode)))).FirstOrDefault()?.Severity);
}
