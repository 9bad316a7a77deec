using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;
using Xunit;

namespace Agent.Tests.Core.Diagnosis.Rules;

/// <summary>Idle closes as every end tells them: what is a time-out, and what only looks like one.</summary>
public sealed class ExactKeepAliveRuleTests
{
    private static readonly BackendClosesIdleFirstRule s_idle = new();
    private static readonly ResetOnReuseRule s_reset = new();

    [Fact]
    public void ThreeClosesAtOneAge_WarningWithAgeTimeAndDefault()
    {
        var finding = Given.Only(s_idle, Alone(Pod([(-40, 1, 6.0, 6.0), (-20, 1, 6.0, 6.0), (-7, 2, 6.1, 6.1)])));
        Assert.Equal(Severity.Warning, finding.Severity);
        Assert.Equal(
            "shop/web closes idle connections after about 6s (port 8080) while the load balancer keeps them 10m: requests race with the close and fail with 502",
            finding.Title);
        Assert.Contains("Port 8080: the pod closed 4 idle connections by itself, at 3 moments, all after about 6s; the last at 2026-11-21 11:59:53 UTC.", finding.Evidence);
        Assert.Contains("That is like the default of Node.js (5s, and it closes a second later).", finding.Evidence);
        Assert.Equal("Node.js", finding.Fix[0].Where);
    }

    [Fact]
    public void RequestsLost_CriticalWithTheirNumber()
    {
        var pod = Pod([(-40, 1, 6.0, 6.0), (-20, 1, 6.0, 6.0), (-7, 1, 6.0, 6.0)], lost: 9);
        var finding = Given.Only(s_idle, Alone(pod));
        Assert.Equal((Severity.Critical, 9L), (finding.Severity, finding.Victims));
        Assert.StartsWith("9 requests met such a close in 1m and got no answer; the last at ", finding.Evidence[0], StringComparison.Ordinal);
        var reset = Given.Only(s_reset, Alone(pod));
        Assert.Equal((Severity.Critical, 9L), (reset.Severity, reset.Victims));
        Assert.Contains("Since it is watched: 9 came after the close.", reset.Evidence);
    }

    [Theory]
    [InlineData("a reload: twenty at once, idle for different times", -20, 20, 0.4, 4.9)]
    [InlineData("a reload of connections in step, nobody's default", -20, 20, 3.2, 3.2)]
    [InlineData("too long ago", -900, 20, 6.0, 6.0)]
    public void OneEvent_Silent(string why, int at, int connections, double shortest, double longest)
    {
        Assert.NotEmpty(why);
        Assert.Empty(s_idle.Evaluate(Alone(Pod([(at, connections, shortest, longest)]))));
    }

    [Theory]
    [InlineData(6.0, 5, Severity.Info)] // like a default, but a reload may hit that age, too
    [InlineData(75.0, 10, Severity.Warning)] // nginx's default to the hundredth
    public void OneEvent_OfADefault_IsSureOnlyWhereChanceIsSmall(double age, int connections, Severity expected) =>
        Assert.Equal(expected, Given.Only(s_idle, Alone(Pod([(-20, connections, age, age)]))).Severity);

    // Nobody asks that server often.
    [Theory]
    [InlineData(590, Severity.Warning)]
    [InlineData(610, null)]
    public void ClosesFarApart_CountWhileTheyFollowOneAnother(int apart, Severity? expected) => Assert.Equal(
        expected,
        s_idle.Evaluate(Alone(Pod([.. Enumerable.Range(0, 6).Reverse().Select(number => (-40 - (number * apart), 1, 8.3, 8.3))]))).SingleOrDefault()?.Severity);

    // Of what is longer ago only the last three: they agree, those before do not.
    [Fact]
    public void ClosesFarApart_BeforeTheLastThree_AreForgotten() => Assert.Equal(Severity.Warning, Given.Only(s_idle, Alone(Pod(
        [(-2600, 1, 3.3, 3.3), (-2000, 1, 4.4, 4.4), (-1400, 1, 8.3, 8.3), (-810, 1, 8.3, 8.3), (-220, 1, 8.3, 8.3)]))).Severity);

    [Fact]
    public void ClosesAtAllAges_Silent() =>
        Assert.Empty(s_idle.Evaluate(Alone(Pod([(-60, 1, 1, 1), (-50, 1, 9, 9), (-40, 1, 4, 4), (-30, 1, 17, 17), (-20, 1, 2.5, 2.5), (-10, 1, 30, 30)]))));

    // Connections that are used every second, each time in step, and reloads at any moment in between.
    [Fact]
    public void ReloadsOfABusyPool_Silent() => Assert.Empty(s_idle.Evaluate(Alone(Pod(
        [(-60, 8, 0.3, 0.3), (-55, 8, 0.8, 0.8), (-50, 8, 0.5, 0.5), (-45, 8, 0.25, 0.25), (-40, 8, 0.9, 0.9), (-35, 8, 0.6, 0.6), (-30, 8, 0.7, 0.7)]))));

    // Each of many connections is used several times a second: whatever closes them all finds the same times, each time.
    [Theory]
    [InlineData(0.2, 0.3)]
    [InlineData(0.21, 0.45)]
    [InlineData(0.2, 0.6)]
    [InlineData(0.22, 1.1)]
    public void ReloadsOfManyConnectionsInUse_Silent(double shortest, double longest) => Assert.Empty(s_idle.Evaluate(Alone(Pod(
        [.. Enumerable.Range(1, 12).Select(number => (-40 * number, 80, shortest, longest)).Reverse()]))));

    // Two connections that are each used every three seconds; only reloads that find both idle for about as long are taken for one age.
    [Fact]
    public void ReloadsOfFewConnectionsInStep_AreAGuessAtMost() => Assert.Equal(Severity.Info, Given.Only(s_idle, Alone(Pod(
        [(-70, 2, 2.2, 2.8), (-60, 2, 1.2, 1.6), (-50, 2, 1.7, 2.5), (-40, 2, 2.3, 2.9), (-30, 2, 1.1, 1.7), (-20, 2, 1.5, 2.3), (-10, 2, 2.1, 2.7)]))).Severity);

    // gunicorn on a busy machine: never sooner than 2 s, up to a second and more later.
    [Fact]
    public void ClosesThatComeLate_AreATimeOut() => Assert.Equal(Severity.Warning, Given.Only(s_idle, Alone(Pod(
        [(-60, 2, 2.1, 2.2), (-50, 2, 3.0, 3.2), (-40, 2, 2.2, 2.4), (-30, 2, 2.0, 2.1), (-20, 2, 3.0, 3.2), (-10, 2, 2.3, 2.5)]))).Severity);

    // The same where the machine is busier still: half of the closes are late by any time, none is sooner than 2 s.
    [Fact]
    public void ManyClosesWithAnEdge_AreATimeOut()
    {
        var finding = Given.Only(s_idle, Alone(Pod(
            [(-90, 2, 2.1, 2.2), (-80, 2, 3.9, 4.2), (-70, 2, 2.4, 2.6), (-60, 1, 5.3, 5.3), (-50, 2, 2.3, 2.4), (-40, 2, 2.8, 3.0), (-30, 1, 6.1, 6.1), (-20, 2, 4.4, 4.6), (-10, 2, 2.1, 2.2)])));
        Assert.Equal(Severity.Warning, finding.Severity);
        Assert.Contains("after about 2.3s", finding.Title, StringComparison.Ordinal);
    }

    // gunicorn looks once a second what is older than two; and one that looks every half minute what is older than one.
    [Theory]
    [InlineData("2.1s", new[] { 2.02, 3.02, 2.0, 3.03, 2.0, 3.0, 2.1, 2.0 })]
    [InlineData("3s", new[] { 3.02, 3.02, 2.0, 3.03, 3.0, 3.0, 3.1, 3.1 })]
    [InlineData("1m09s", new[] { 61.0, 88, 72, 65, 79, 60, 84, 69, 76.5, 73 })]
    public void ServerThatLooksNowAndThen_IsATimeOut(string time, double[] idle)
    {
        var finding = Given.Only(s_idle, Alone(Pod(Closes(idle)) with { Programs = ["server"] }));
        Assert.Equal(Severity.Warning, finding.Severity);
        Assert.Contains($"after about {time} (port 8080)", finding.Title, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("too few", new[] { 2.1, 4.1, 2.5, 5.3, 2.3, 6.1, 2.9 })]
    [InlineData("no edge", new[] { 2.1, 4.1, 6.5, 8.3, 10.3, 3.1, 5.9, 7.4, 9.6 })]
    [InlineData("an edge where chance is", new[] { 1.1, 3.1, 1.2, 4.3, 1.5, 5.1, 1.9, 3.4, 6.6 })]
    public void ManyClosesWithoutAnEdge_Silent(string why, double[] idle)
    {
        Assert.NotEmpty(why);
        Assert.DoesNotContain(
            s_idle.Evaluate(Alone(Pod(Closes(idle)) with { Programs = ["server"] })),
            static finding => finding.Severity > Severity.Info);
    }

    // A limit of the age of connections (gRPC's max_connection_age), one connection after the other, each used every 0.4 s.
    [Fact]
    public void AgeLimitOfConnectionsInUse_Silent() => Assert.Empty(s_idle.Evaluate(Alone(Pod(
        [(-70, 1, 0.31, 0.31), (-60, 1, 0.22, 0.22), (-50, 1, 0.38, 0.38), (-40, 1, 0.27, 0.27), (-30, 1, 0.35, 0.35), (-20, 1, 0.24, 0.24), (-10, 1, 0.33, 0.33)]))));

    // A time-out of half a second, of a server that is blocked for as long now and then: it closes what came meanwhile at one instant.
    [Fact]
    public void ShortTimeOutOfABusyServer_IsStillOne() => Assert.Equal(Severity.Critical, Given.Only(s_idle, Alone(Pod(
        [(-40, 6, 0.5, 0.58), (-30, 9, 0.5, 0.6), (-20, 3, 0.51, 0.55), (-10, 2, 0.5, 0.5)], lost: 4, idle: 0.5))).Severity);

    /// <summary>A server that closes after each answer is late to that on a busy machine: some of its closes look idle.</summary>
    [Theory]
    [InlineData(0.25, 100, null)]
    [InlineData(0.25, 10, Severity.Warning)] // a time-out; beside it, probes
    [InlineData(1.3, 100, Severity.Warning)] // nobody is so late four times
    public void ShortIdleTimes_BesideManyClosesAtOnce_AreLateCloses(double age, int closedAtOnce, Severity? expected)
    {
        var pod = Pod([(-50, 1, age, age), (-40, 1, age, age), (-30, 1, age, age), (-20, 1, age, age)]);
        var counts = EndCounts.None.Counts.SetItem((int)EndKind.ClosedFirst, closedAtOnce).SetItem((int)EndKind.ClosedFirstIdle, 4);
        var ends = pod.Ends! with { Server = new(counts), IdleCloses = [pod.Ends.IdleCloses[0] with { Buckets = [4, .. new long[13]] }] };
        Assert.Equal(expected, s_idle.Evaluate(Alone(pod with { Ends = ends })).SingleOrDefault()?.Severity);
    }

    // Single connections that idle for some seconds, and reloads at any moment in between.
    [Fact]
    public void FiveReloadsThatAgreeLoosely_Silent() => Assert.Empty(s_idle.Evaluate(Alone(Pod(
        [(-60, 1, 3.4, 3.4), (-50, 1, 4.1, 4.1), (-40, 1, 3.7, 3.7), (-30, 1, 3.2, 3.2), (-20, 1, 4.3, 4.3)]))));

    // A server that is blocked when its time of 5 s comes; its clients ask when it is due.
    [Theory]
    [InlineData(3, 5.8, Severity.Critical)]
    [InlineData(2, 5.8, null)] // too few requests that met a close
    [InlineData(3, 4.9, null)] // they came on connections that were not due
    [InlineData(3, 8.1, null)]
    public void ThreeClosesThatAgreeLoosely_SureWithRequestsLostAtTheirAge(int lost, double idle, Severity? expected)
    {
        var pod = Pod([(-60, 1, 6.1, 6.1), (-40, 1, 6.9, 6.9), (-20, 1, 6.5, 6.5)], lost: lost, idle: idle) with { Programs = ["server"] };
        Assert.Equal(expected, s_idle.Evaluate(Alone(pod)).SingleOrDefault(static finding => finding.Severity > Severity.Info)?.Severity);
    }

    [Fact]
    public void TwoClosesThatAgreeLoosely_NotSureWhateverIsLost() =>
        Assert.Empty(s_idle.Evaluate(Alone(Pod([(-40, 1, 8.1, 8.1), (-20, 1, 8.9, 8.9)], lost: 9, idle: 8.5))));

    /// <summary>A request that was lost before the first of these closes has met none of them.</summary>
    [Fact]
    public void RequestsLostBeforeTheCloses_AreNoWitnesses() =>
        Assert.Empty(s_idle.Evaluate(Alone(Pod([(-25, 1, 8.0, 8.0), (-20, 1, 9.1, 9.1), (-10, 1, 8.5, 8.5)], lost: 9, idle: 8.5))));

    [Fact]
    public void ServerStartedAnew_ForgottenAtOnce()
    {
        var pod = Pod([(-40, 1, 6.0, 6.0), (-30, 1, 6.0, 6.0), (-25, 1, 6.0, 6.0)], lost: 3);
        var restarted = pod with { Listeners = [pod.Listeners[0] with { RestartedAgo = TimeSpan.FromSeconds(5) }] };
        Assert.Empty(s_idle.Evaluate(Alone(restarted)));
        Assert.Empty(s_reset.Evaluate(Alone(restarted)));
    }

    [Fact]
    public void ConnectionsThatIdleLongerLiveSince_ForgottenAtOnce()
    {
        var pod = Pod([(-40, 1, 6.0, 6.0), (-30, 1, 6.0, 6.0), (-25, 1, 6.0, 6.0)], lost: 3);
        var survivor = pod with { Listeners = [pod.Listeners[0] with { LongestIdle = TimeSpan.FromSeconds(12) }] };
        Assert.Empty(s_idle.Evaluate(Alone(survivor)));
        Assert.Empty(s_reset.Evaluate(Alone(survivor)));
    }

    // A scan sees a connection just before a busy server closes it, late: it has not survived.
    [Theory]
    [InlineData(9.5, -4, 10.5, Severity.Warning)]
    [InlineData(9.5, -4, 12.5, Severity.Info)] // another one, which was used earlier
    [InlineData(14.5, -4, 15.5, Severity.Info)] // as late is nobody
    public void ConnectionThatIdledLongerAndWasClosed_IsNoSurvivor(double idle, int closedAt, double closedAfter, Severity expected)
    {
        var before = Pod([(-40, 1, 6.0, 6.0), (-30, 1, 6.0, 6.0), (-20, 1, 6.0, 6.0), (-10, 1, 6.0, 6.0)]);
        before = before with { Listeners = [before.Listeners[0] with { LongestIdle = TimeSpan.FromSeconds(idle) }] };
        var after = Pod([(-40, 1, 6.0, 6.0), (-30, 1, 6.0, 6.0), (-20, 1, 6.0, 6.0), (-10, 1, 6.0, 6.0), (closedAt, 1, closedAfter, closedAfter)]);
        var context = Given.InTurn(TimeSpan.FromSeconds(5), Heard(before), Heard(after));
        Assert.Equal(expected, s_idle.Evaluate(context).SingleOrDefault()?.Severity ?? Severity.Info);
    }

    [Fact]
    public void ConnectionsThatIdleLongerLiveBeside_Info()
    {
        var pod = Pod([(-10, 1, 6.0, 6.0), (-8, 1, 6.0, 6.0), (-4, 1, 6.0, 6.0)]);
        var beside = pod with { Listeners = [pod.Listeners[0] with { LongestIdle = TimeSpan.FromSeconds(90) }] };
        var finding = Given.Only(s_idle, Given.InTurn(Given.Node(beside), Given.Node(beside)));
        Assert.Equal(Severity.Info, finding.Severity);
        Assert.Contains(finding.Evidence, static line => line.Contains("idle for longer and live", StringComparison.Ordinal));
    }

    [Fact]
    public void ResetsWithoutLostRequests_NoWordOfThem()
    {
        // Refused SYNs, HAProxy's checks, uploads refused with 413: all of them are resets, and no request is lost.
        var before = Pod([(-40, 1, 6.0, 6.0), (-30, 1, 6.0, 6.0), (-25, 1, 6.0, 6.0)]);
        var after = before with { Counters = before.Counters! with { ResetsSent = 500, AbortOnClose = 40, AbortOnData = 7 } };
        var context = Given.InTurn(Heard(before), Heard(after));
        Assert.Empty(s_reset.Evaluate(context));
        Assert.Equal(Severity.Warning, Given.Only(s_idle, context).Severity);
    }

    [Theory]
    [InlineData(6379, "redis-server", "Redis")]
    [InlineData(7000, "redis-server", "Redis")]
    [InlineData(25, "", "SMTP")]
    [InlineData(2526, "exim4", "SMTP")]
    [InlineData(5432, "", "PostgreSQL")]
    [InlineData(6543, "pgbouncer", "PostgreSQL")]
    public void OtherThanHttp_NoWordOfLoadBalancers(int port, string program, string protocol)
    {
        var pod = Pod([(-40, 1, 3.0, 3.0), (-30, 1, 3.0, 3.0), (-25, 1, 3.0, 3.0)], (ushort)port) with { Programs = program.Length > 0 ? [program] : [] };
        var finding = Given.Only(s_idle, Alone(pod));
        var all = $"{finding.Title} {string.Join(' ', finding.Evidence)} {string.Join(' ', finding.Fix)} {finding.Why} {finding.Brief} {finding.Reference}";
        Assert.Equal(Severity.Info, finding.Severity);
        Assert.StartsWith($"shop/web closes idle {protocol} connections after about 3s (port {port})", finding.Title, StringComparison.Ordinal);
        Assert.All(new[] { "load balancer", "load-balancing", "502", "gunicorn" }, word => Assert.DoesNotContain(word, all, StringComparison.Ordinal));
    }

    [Fact]
    public void Default_OnlyOfAProgramThatRunsThere()
    {
        (int, int, double, double)[] closes = [(-40, 1, 2.4, 2.4), (-30, 1, 2.6, 2.6), (-25, 1, 2.5, 2.5)];
        Assert.DoesNotContain(
            Given.Only(s_idle, Alone(Pod(closes) with { Programs = ["node", "sh"] })).Evidence,
            static line => line.Contains("gunicorn", StringComparison.Ordinal));
        Assert.Contains(
            "That is like gunicorn's default (2s, looked at once a second).",
            Given.Only(s_idle, Alone(Pod(closes) with { Programs = ["gunicorn"] })).Evidence);
    }

    [Fact]
    public void HeardOnlyAtTimes_SamplesAreAGuess()
    {
        var pod = Pod([]);
        pod = pod with
        {
            Listeners = [pod.Listeners[0] with { IdleClosesSeen = 9, IdleClosesByPeerSeen = 0, IdleAtClose = TimeSpan.FromSeconds(6), IdleClosesAgree = true, Idle = new(TimeSpan.FromSeconds(5.8), 60, 20) }],
        };
        Assert.Empty(s_idle.Evaluate(Alone(pod)));
        var atTimes = Given.Node(pod) with { ConnectionEnds = new(10, 0, 0.6, TimeSpan.FromMinutes(1)) };
        Assert.Equal(Severity.Info, Given.Only(s_idle, Given.Alone(atTimes)).Severity);
    }

    private static (int At, int Connections, double Shortest, double Longest)[] Closes(double[] idle) =>
        [.. idle.Select((seconds, number) => (10 * (number - idle.Length), 1, seconds, seconds))];

    private static DiagnosisContext Alone(PodSnapshot pod) => Given.Alone(Heard(pod));

    private static Snapshot Heard(PodSnapshot pod) => Given.Node(pod) with { ConnectionEnds = new(10, 0, 1, TimeSpan.FromMinutes(1)) };

    private static PodSnapshot Pod((int At, int Connections, double Shortest, double Longest)[] closes, ushort port = 8080, long lost = 0, double? idle = null) =>
        Given.Serving(Given.Kubernetes() with { Containers = [Given.Container() with { ReadinessProbe = null, LivenessProbe = null }] }, Given.Listener(port) with { Established = 5 }) with
        {
            Ends = Given.Ends(lost == 0 ? [] : [Lost(port, lost, idle)]) with
            {
                IdleCloses =
                [
                    new(port, [.. new long[14]], default, default, default)
                    {
                        Events =
                        [
                            .. closes.Select(static close => new IdleCloseEvent(
                                Given.Noon + TimeSpan.FromSeconds(close.At),
                                close.Connections,
                                TimeSpan.FromSeconds(close.Shortest),
                                TimeSpan.FromSeconds((close.Shortest + close.Longest) / 2),
                                TimeSpan.FromSeconds(close.Longest))),
                        ],
                    },
                ],
            },
        };

    private static LostRequests Lost(ushort port, long count, double? idle) =>
        new(EndRole.Server, LossCause.AfterClose, port, count, Given.Noon - TimeSpan.FromSeconds(30))
        {
            IdleBefore = idle is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
        };
}
