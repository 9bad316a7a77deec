using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;
using Agent.Kernel.SockDiag;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Core.Diagnosis.Rules;

public sealed class TerminationRuleTests
{
    private static readonly TerminatingWithConnectionsRule s_terminating = new();
    private static readonly ConnectionsLostAtTerminationRule s_lost = new();
    private static readonly TerminationUnpreparedRule s_unprepared = new();

    private static KubernetesPod Unprepared => Given.Kubernetes() with
    {
        TerminationGracePeriodSeconds = 30,
        Containers = [Given.Container() with { HasPreStop = false, PreStopSleepSeconds = null }],
    };

    [Theory]
    [InlineData(150, true, Severity.Info)]
    [InlineData(20, true, Severity.Critical)]
    [InlineData(25, false, Severity.Warning)]
    [InlineData(2, false, Severity.Critical)]
    [InlineData(-5, false, Severity.Critical)]
    public void Terminating_SeverityByPreparationAndTimeLeft(int secondsLeft, bool prepared, Severity expected)
    {
        var pod = (prepared ? Given.Kubernetes() : Unprepared).Terminating(secondsLeft);
        Assert.Equal(expected, Given.Only(s_terminating, Given.Alone(Given.Node(Given.Serving(pod)))).Severity);
    }

    [Fact]
    public void Terminating_NoConnections_Silent()
    {
        var pod = Given.Serving(Unprepared.Terminating(5), Given.Listener());
        Assert.Empty(s_terminating.Evaluate(Given.Alone(Given.Node(pod))));
    }

    [Fact]
    public void Terminating_ListenerAlreadyClosed_CountsWhatIsLeft()
    {
        var ending = Given.Serving(Unprepared.Terminating(20)) with { Listeners = [] };
        Assert.Equal(5, Given.Only(s_terminating, Given.InTurn(Given.Node(Given.Serving(Unprepared)), Given.Node(ending))).Victims);
    }

    [Fact]
    public void Terminating_StillAccepts_SaysHowMany()
    {
        var before = Given.Serving(Unprepared.Terminating(25));
        var after = before with { Counters = before.Counters! with { PassiveOpens = 130 } };
        Assert.Contains(
            Given.Only(s_terminating, Given.InTurn(Given.Node(before), Given.Node(after))).Evidence,
            static line => line.Contains("30 connections were opened", StringComparison.Ordinal));
    }

    [Fact]
    public void Terminating_WithoutTheApiServer_Silent() =>
        Assert.Empty(s_terminating.Evaluate(Given.Alone(WithoutApi(Given.Node(Given.Serving(Unprepared.Terminating(5)))))));

    [Fact]
    public void Lost_KilledAtTheEndOfItsGracePeriod_Critical() => Assert.Equal(
        (Severity.Critical, 5L),
        Given.Only(s_lost, Given.InTurn(Given.Node(Given.Serving(Unprepared.Terminating(-3))), Given.Node())) is var finding ? (finding.Severity, finding.Victims) : default);

    [Fact]
    public void Lost_EndedByItselfAfterPreStop_Info() => Assert.Equal(
        Severity.Info,
        Given.Only(s_lost, Given.InTurn(Given.Node(Given.Serving(Given.Kubernetes().Terminating(80))), Given.Node())).Severity);

    [Fact]
    public void Lost_WithoutPreStop_Warning() =>
        Assert.Equal(Severity.Warning, Given.Only(s_lost, Given.InTurn(Given.Node(Given.Serving(Unprepared)), Given.Node())).Severity);

    /// <summary>A Job that is done, or is deleted, while its metrics are scraped.</summary>
    [Theory]
    [InlineData("Job/import", Severity.Info)]
    [InlineData("Node/node-1", Severity.Info)]
    [InlineData("StatefulSet/db", Severity.Warning)]
    public void LostOrTerminating_PodThatServesNobody_Info(string workload, Severity expected)
    {
        var pod = Unprepared with { Workload = Workloads.Of(workload) };

        Assert.Equal(expected, Given.Only(s_lost, Given.InTurn(Given.Node(Given.Serving(pod)), Given.Node())).Severity);
        Assert.Equal(expected, Given.Only(s_terminating, Given.Alone(Given.Node(Given.Serving(pod.Terminating(25))))).Severity);
    }

    [Fact]
    public void Lost_WithoutTheApiServer_InfoThatSaysWhatIsNotKnown() => Assert.Equal(
        Severity.Info,
        Given.Only(s_lost, Given.InTurn(Given.Node(Given.Serving() with { Kubernetes = null }), Given.Node())).Severity);

    [Fact]
    public void Lost_SandboxOutlivesItsContainers_CountsWhatTheyHad() =>
        Assert.Equal(5, Given.Only(s_lost, Given.InTurn(Given.Node(Given.Serving(Unprepared)), Given.Node(NotListening(0)), Given.Node())).Victims);

    [Fact]
    public void Lost_DrainedBeforeItEnded_Silent() =>
        Assert.Empty(s_lost.Evaluate(Given.InTurn(Given.Node(Given.Serving(Unprepared)), Given.Node(NotListening(2)), Given.Node(NotListening(0)), Given.Node())));

    [Fact]
    public void Lost_ServedLongBeforeItEnded_Silent() => Assert.Empty(s_lost.Evaluate(
        Given.InTurn(Given.Node(Given.Serving(Unprepared)), Given.Node(NotListening(0)), Given.Node(NotListening(0)), Given.Node(NotListening(0)), Given.Node())));

    [Fact]
    public void Lost_NoConnections_Silent() =>
        Assert.Empty(s_lost.Evaluate(Given.InTurn(Given.Node(Given.Serving(Unprepared, Given.Listener())), Given.Node())));

    [Fact]
    public void Lost_PodsCouldNotBeReadThisTime_Silent()
    {
        var blind = Given.Node();
        blind = blind with { Sources = [.. blind.Sources.Select(static source => source.Name == SourceNames.Pods ? source with { Status = SourceStatus.Degraded } : source)] };
        Assert.Empty(s_lost.Evaluate(Given.InTurn(Given.Node(Given.Serving(Unprepared)), blind)));
    }

    [Fact]
    public void Lost_LongAgo_Forgotten()
    {
        var context = Given.InTurn(TimeSpan.FromMinutes(6), Given.Node(Given.Serving(Unprepared)), Given.Node());
        Assert.Empty(s_lost.Evaluate(context));
    }

    [Fact]
    public void Unprepared_NoPreStop_InfoWithTheNumbersAndAPasteableFix()
    {
        var finding = Given.Only(s_unprepared, Given.Alone(Given.Node(Given.Serving(Unprepared))));
        Assert.Equal(Severity.Info, finding.Severity);
        Assert.Contains(finding.Evidence, static line => line.Contains("preStop sleep 2m, terminationGracePeriodSeconds 210, draining 1m", StringComparison.Ordinal));
        Assert.Contains(finding.Fix, static fix => fix.Text.EndsWith("{\"terminationGracePeriodSeconds\":210}}}}'", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(210, null)]
    [InlineData(125, Severity.Info)]
    [InlineData(120, Severity.Warning)]
    [InlineData(30, Severity.Warning)]
    public void Unprepared_GracePeriodAgainstPreStop_Severity(int grace, Severity? expected) => Assert.Equal(
        expected,
        s_unprepared.Evaluate(Given.Alone(Given.Node(Given.Serving(Given.Kubernetes() with { TerminationGracePeriodSeconds = grace })))).FirstOrDefault()?.Severity);

    [Theory]
    [InlineData("DaemonSet/agent")]
    [InlineData("Job/import")]
    [InlineData("Node/node-1")]
    public void Unprepared_PodThatIsNotReplacedBehindALoadBalancer_Silent(string workload) =>
        Assert.Empty(s_unprepared.Evaluate(Given.Alone(Given.Node(Given.Serving(Unprepared with { Workload = Workloads.Of(workload) })))));

    [Fact]
    public void Unprepared_WorkerThatServesNobody_Silent()
    {
        var worker = Unprepared with { Containers = [new() { Name = "worker" }] };
        Assert.Empty(s_unprepared.Evaluate(Given.Alone(Given.Node(Given.Serving(worker, Given.Listener(9000, "127.0.0.1"))))));
    }

    [Fact]
    public void Engine_TerminatingUnprepared_FollowsFromThePreparation()
    {
        var result = DiagnosisEngine.Evaluate(Given.Alone(Given.Node(Given.Serving(Unprepared.Terminating(25)))));
        Assert.Equal(TerminationUnpreparedRule.Id, result.Findings.Single(static finding => finding.Id == TerminatingWithConnectionsRule.Id).CausedBy);
    }

    private static PodSnapshot NotListening(long established) =>
        Given.Serving(Unprepared) with { Listeners = [], Tcp = Given.States((TcpState.Established, established)) };

    private static Snapshot WithoutApi(Snapshot snapshot) => snapshot with
    {
        Sources = [.. snapshot.Sources.Select(static source => source.Name == SourceNames.Kubernetes ? source with { Status = SourceStatus.Failed } : source)],
    };
}
