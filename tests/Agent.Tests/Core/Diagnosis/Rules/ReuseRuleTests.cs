using System.Collections.Immutable;
using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;
using Xunit;

namespace Agent.Tests.Core.Diagnosis.Rules;

/// <summary>A pod whose requests meet a reset on connections that had been idle: because the other side closed them, or because conntrack forgot them.</summary>
public sealed class ReuseRuleTests
{
    private const ushort Port = 5432;

    private static readonly UpstreamClosesIdleFirstRule s_closes = new();
    private static readonly EstablishedTimeoutShortRule s_forgets = new();

    private static LostRequests Lost(long count, double? idleBefore, LossCause cause = LossCause.AfterClose, EndRole role = EndRole.Client) =>
        new(role, cause, Port, count, Given.Noon) { IdleBefore = idleBefore is { } seconds ? TimeSpan.FromSeconds(seconds) : null };

    /// <summary>A client, whose other side closes idle connections after some seconds.</summary>
    private static PodSnapshot Client(double? closesAfter, params LostRequests[] lost) => Given.Serving() with
    {
        Ends = Given.Ends(lost) with { PeerIdleCloses = closesAfter is { } seconds ? [Given.IdleCloses(seconds, port: Port)] : [] },
    };

    private static Snapshot Node(long establishedSeconds, params PodSnapshot[] pods) => Given.Node(pods) with { HostSettings = Settings(establishedSeconds) };

    private static NetfilterSettings Settings(long establishedSeconds) => new(Given.Settings(3600).Values.SetItem("tcp_timeout_established", establishedSeconds));

    private static ImmutableArray<Finding> Closes(PodSnapshot pod) => [.. s_closes.Evaluate(Given.Alone(Given.Node(pod)))];

    [Theory]
    [InlineData(1, Severity.Warning)]
    [InlineData(2, Severity.Warning)]
    [InlineData(3, Severity.Critical)]
    public void Closes_RequestsMeetTheClose_ByHowMany(long count, Severity expected) => Assert.Equal(expected, Assert.Single(Closes(Client(5, Lost(count, 5.1)))).Severity);

    [Theory]
    [InlineData(4.8)] // crossed the FIN
    [InlineData(60.0)] // the pool never looked
    public void Closes_IdleAboutAsLongOrLonger_IsNamedWithPortTimeAndFix(double idleBefore)
    {
        var finding = Assert.Single(Closes(Client(5, Lost(7, idleBefore))));

        Assert.Equal("what shop/web calls at port 5432 closes idle connections after about 5s, sooner than the pod's own pool: 7 requests met the close", finding.Title);
        Assert.StartsWith("Port 5432: 7 requests in 1m met a reset, on connections that had been idle for about ", finding.Evidence[0], StringComparison.Ordinal);
        Assert.EndsWith("The other side was seen to close 20 idle connections there, after about 5s.", finding.Evidence[0], StringComparison.Ordinal);
        Assert.Contains(finding.Fix, static fix => fix.Text == "keepalive_timeout 4s;");
    }

    /// <summary>Every pool whose other side closes idle connections sees that, and drops them.</summary>
    [Fact]
    public void Closes_NothingLost_Silent() => Assert.Empty(Closes(Client(5)));

    [Fact]
    public void Closes_OtherSideNeverClosesIdle_Silent() => Assert.Empty(Closes(Client(null, Lost(9, 5))));

    [Fact]
    public void Closes_LostLongBeforeTheTimeOut_Silent() => Assert.Empty(Closes(Client(60, Lost(9, 2))));

    [Fact]
    public void Closes_FirstRequestOfAConnection_Silent() => Assert.Empty(Closes(Client(5, Lost(9, null))));

    [Fact]
    public void Closes_TakenAndNotAnswered_Silent() => Assert.Empty(Closes(Client(5, Lost(9, 5, LossCause.Unanswered))));

    [Fact]
    public void Closes_LostByThePodsOwnServer_Silent() => Assert.Empty(Closes(Client(5, Lost(9, 5, role: EndRole.Server))));

    [Theory]
    [InlineData(5.0, 0)]
    [InlineData(null, 1)]
    public void RequestsLost_OnlyWhereItIsNotTheClose(double? closesAfter, int expected)
    {
        var findings = DiagnosisEngine.Evaluate(Given.Alone(Given.Node(Client(closesAfter, Lost(9, 5.1))))).Findings;
        Assert.Equal(expected, findings.Count(static finding => finding.Id == RequestsLostRule.Id));
    }

    [Fact]
    public void Forgets_RequestsLostOnForgottenConnections_Critical()
    {
        var finding = Assert.Single(s_forgets.Evaluate(Given.Alone(Node(30, Client(null, Lost(9, 40))))));

        Assert.Equal((Severity.Critical, SubjectKind.Node), (finding.Severity, finding.Subject.Kind));
        Assert.Equal("conntrack on this node forgets idle connections after 30s: 9 requests lost on connections that it had forgotten", finding.Title);
        Assert.Contains("shop/web lost 9 requests in 1m on connections to port 5432 that had been idle for about 40s and that the other side had not closed.", finding.Evidence);
        Assert.Contains(finding.Fix, static fix => fix.Text == "sysctl -w net.netfilter.nf_conntrack_tcp_timeout_established=86400");
    }

    [Fact]
    public void Forgets_TheLossesAreNotToldAgain()
    {
        var findings = DiagnosisEngine.Evaluate(Given.Alone(Node(30, Client(null, Lost(9, 40))))).Findings;
        Assert.Equal([EstablishedTimeoutShortRule.Id], findings.Where(static finding => finding.Severity > Severity.Info).Select(static finding => finding.Id));
    }

    [Theory]
    [InlineData(35.0, 40)] // the other side closes them
    [InlineData(null, 20)] // not yet forgotten
    public void Forgets_LossesThatItDoesNotExplain_OnlyTheSetting(double? closesAfter, double idleBefore)
    {
        var context = Given.Alone(Node(30, Client(closesAfter, Lost(9, idleBefore))));
        Assert.Equal(Severity.Info, Assert.Single(s_forgets.Evaluate(context)).Severity);
        Assert.Single(DiagnosisEngine.Evaluate(context).Findings, static finding => finding.Severity == Severity.Critical);
    }

    [Theory]
    [InlineData(600)] // as long as the load balancer keeps them
    [InlineData(86400)]
    public void Forgets_LongEnough_Silent(long seconds) => Assert.Empty(s_forgets.Evaluate(Given.Alone(Node(seconds, Client(null, Lost(9, 4000))))));

    [Fact]
    public void Forgets_NoConnections_Silent() =>
        Assert.Empty(s_forgets.Evaluate(Given.Alone(Node(30, Given.Serving(listener: Given.Listener())))));

    [Fact]
    public void Forgets_NothingIsTracked_Silent() =>
        Assert.Empty(s_forgets.Evaluate(Given.Alone(Node(30, Client(null, Lost(9, 40)) with { IsTracked = false }))));

    [Theory]
    [InlineData(400, 5ul, Severity.Warning)]
    [InlineData(400, 0ul, Severity.Info)] // not translated, it seems
    [InlineData(20, 5ul, Severity.Info)] // resets of something else
    public void Forgets_ClientsElsewhere_IdleLongerAndResetsAreAGuess(double ceiling, ulong resets, Severity expected)
    {
        var listener = Given.Listener() with { Established = 5, Idle = new(TimeSpan.FromSeconds(ceiling), 30, 9) };
        var before = Given.Serving(listener: listener) with { Ends = Given.Ends() };
        var after = before with { Counters = before.Counters! with { ResetsSent = resets } };

        Assert.Equal(expected, Assert.Single(s_forgets.Evaluate(Given.InTurn(Node(30, before), Node(30, after)))).Severity);
    }

    [Fact]
    public void Forgets_ResetsThatEndsExplain_AreNoSign()
    {
        var listener = Given.Listener() with { Established = 5, Idle = new(TimeSpan.FromSeconds(400), 30, 9) };
        var before = Given.Serving(listener: listener) with { Ends = Given.Ends() };
        var refusals = Given.Ends() with { Server = new(EndCounts.None.Counts.SetItem((int)EndKind.ResetUnread, 5)) };
        var after = before with { Counters = before.Counters! with { ResetsSent = 5 }, Ends = refusals };

        Assert.Equal(Severity.Info, Assert.Single(s_forgets.Evaluate(Given.InTurn(Node(30, before), Node(30, after)))).Severity);
    }

    [Fact]
    public void Forgets_PodsOwnTable_IsTheSubject_AndTheNodeIsNot()
    {
        var meshed = Client(null, Lost(9, 40)) with { OwnTableTracks = true, Settings = Settings(30) };

        var finding = Assert.Single(s_forgets.Evaluate(Given.Alone(Node(86400, meshed))));

        Assert.Equal((Severity.Critical, "shop/web"), (finding.Severity, finding.Subject.DisplayName));
        Assert.StartsWith("shop/web's own conntrack table forgets idle connections after 30s", finding.Title, StringComparison.Ordinal);
    }
}
