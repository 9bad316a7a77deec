using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Core.Diagnosis.Rules;

public sealed class PodStateRuleTests
{
    private static readonly PodNotReadyRule s_notReady = new();
    private static readonly ReadinessFlappingRule s_flapping = new();
    private static readonly ProbeMissingRule s_probe = new();
    private static readonly ContainerRestartingRule s_restarting = new();
    private static readonly ReplicasColocatedRule s_colocated = new();

    private static Snapshot Node(params KubernetesPod[] pods) => Given.Node([.. pods.Select(static pod => Given.Serving(pod))]);

    private static KubernetesPod Unready(int startedSecondsAgo, int changedSecondsAgo) => Given.Kubernetes() with
    {
        Ready = false,
        StartTime = Given.Noon - TimeSpan.FromSeconds(startedSecondsAgo),
        ReadyChangedAt = Given.Noon - TimeSpan.FromSeconds(changedSecondsAgo),
    };

    [Theory]
    [InlineData(10, 10, null)] // just started
    [InlineData(100, 100, Severity.Info)] // starting
    [InlineData(400, 400, Severity.Warning)] // does not start
    [InlineData(7200, 5, Severity.Warning)] // was ready
    public void NotReady_SeverityByHistory(int started, int changed, Severity? expected) =>
        Assert.Equal(expected, s_notReady.Evaluate(Given.Alone(Node(Unready(started, changed)))).FirstOrDefault()?.Severity);

    [Fact]
    public void NotReady_SeenReadyBefore_Warning() =>
        Assert.Equal(Severity.Warning, Given.Only(s_notReady, Given.InTurn(Node(Unready(60, 60) with { Ready = true }), Node(Unready(60, 2)))).Severity);

    [Fact]
    public void NotReady_LastOneOfItsWorkload_Critical() => Assert.Equal(
        Severity.Critical,
        Given.Only(s_notReady, Given.Alone(Node(Unready(100, 100) with { WorkloadReplicas = 1 }))).Severity);

    [Fact]
    public void NotReady_Terminating_Silent() => Assert.Empty(s_notReady.Evaluate(Given.Alone(Node(Unready(7200, 5).Terminating(60)))));

    [Theory]
    [InlineData("DaemonSet/ingress", true)]
    [InlineData("Job/import", false)]
    public void NotReady_ByWorkload_OnlyThoseThatServe(string workload, bool expected) =>
        Assert.Equal(expected, s_notReady.Evaluate(Given.Alone(Node(Unready(7200, 5) with { Workload = Workloads.Of(workload) }))).Any());

    [Fact]
    public void NotReady_NothingListensOnTheProbedPort_SaysSo()
    {
        var pod = Given.Serving(Unready(7200, 5), Given.Listener(9090));
        Assert.Contains("Nothing in the pod listens on port 8080.", Given.Only(s_notReady, Given.Alone(Given.Node(pod))).Evidence);
    }

    [Fact]
    public void Flapping_TwoLosses_Warning()
    {
        var ready = Given.Kubernetes();
        Snapshot At(bool isReady, int changed) => Node(ready with { Ready = isReady, ReadyChangedAt = Given.Noon + TimeSpan.FromSeconds(changed) });
        Assert.Equal(Severity.Warning, Given.Only(s_flapping, Given.InTurn(At(true, -90), At(false, -40), At(true, -20), At(false, -5))).Severity);
    }

    [Fact]
    public void Flapping_ChangesBetweenScansShowInTheTime_Warning()
    {
        Snapshot At(int changed) => Node(Given.Kubernetes() with { ReadyChangedAt = Given.Noon + TimeSpan.FromSeconds(changed) });
        Assert.Single(s_flapping.Evaluate(Given.InTurn(At(-90), At(-40), At(-5))));
    }

    [Fact]
    public void Flapping_StartsAndEnds_Silent()
    {
        var starting = Unready(20, 20);
        var ready = starting with { Ready = true, ReadyChangedAt = Given.Noon - TimeSpan.FromSeconds(10) };
        Assert.Empty(s_flapping.Evaluate(Given.InTurn(Node(starting), Node(ready), Node(ready))));
        Assert.Empty(s_flapping.Evaluate(Given.InTurn(Node(starting), Node(ready), Node(ready.Terminating(100)))));
    }

    [Theory]
    [InlineData(true, true, null)]
    [InlineData(false, true, "shop/web has no readiness probe")]
    [InlineData(true, false, "shop/web has no liveness probe")]
    [InlineData(false, false, "shop/web has neither a readiness nor a liveness probe")]
    public void ProbeMissing_InfoThatNamesWhich(bool readiness, bool liveness, string? title)
    {
        var container = Given.Container();
        container = container with { ReadinessProbe = readiness ? container.ReadinessProbe : null, LivenessProbe = liveness ? container.LivenessProbe : null };
        var finding = s_probe.Evaluate(Given.Alone(Node(Given.Kubernetes() with { Containers = [container] }))).FirstOrDefault();
        Assert.Equal(title, finding?.Title);
        Assert.Equal(title is null ? null : Severity.Info, finding?.Severity);
    }

    [Fact]
    public void ProbeMissing_ContainersThatLackDifferentOnes_SaysOfEachWhatItLacks()
    {
        var whole = Given.Container();
        var pod = Given.Kubernetes() with
        {
            Containers = [whole with { Name = "app", ReadinessProbe = null }, whole with { Name = "admin", LivenessProbe = null }, whole with { Name = "api" }],
        };
        var finding = Given.Only(s_probe, Given.Alone(Node(pod)));
        Assert.Equal("shop/web: app has no readiness probe, admin has no liveness probe", finding.Title);
        Assert.Collection(
            finding.Evidence,
            static line => Assert.StartsWith("No readiness probe in app:", line, StringComparison.Ordinal),
            static line => Assert.StartsWith("No liveness probe in admin:", line, StringComparison.Ordinal));
    }

    [Fact]
    public void ProbeMissing_LivenessOnly_GivesNoReadinessProbeToPaste()
    {
        var pod = Given.Kubernetes() with { Containers = [Given.Container() with { LivenessProbe = null }] };
        Assert.Equal("container, liveness", Assert.Single(Given.Only(s_probe, Given.Alone(Node(pod))).Fix).Where);
    }

    [Fact]
    public void ProbeMissing_ManyPodsThatLackDifferentOnes_AreNotListedUnderOneSentence()
    {
        var whole = Given.Container();
        PodSnapshot[] pods =
        [
            .. Enumerable.Range(0, 10).Select(number => Given.Pod($"web-{number}") with
            {
                Kubernetes = Given.Kubernetes() with
                {
                    Name = $"web-{number}",
                    Uid = $"{number}",
                    Containers = [number % 2 == 0 ? whole with { ReadinessProbe = null } : whole with { LivenessProbe = null }],
                },
            }),
        ];
        var findings = FindingGroups.ForReading([.. s_probe.Evaluate(Given.Alone(Given.Node(pods)))]);
        Assert.Equal(["shop/web-0 has no readiness probe (+4 more pods)", "shop/web-1 has no liveness probe (+4 more pods)"], findings.Select(static finding => finding.Title));
        Assert.Contains("+2 more pods: shop/web-6, shop/web-8.", findings[0].Evidence);
    }

    [Fact]
    public void ProbeMissing_SidecarWithoutProbes_Silent()
    {
        var pod = Given.Kubernetes() with { Containers = [Given.Container(), new() { Name = "proxy", IsSidecar = true, Ports = [4143] }] };
        Assert.Empty(s_probe.Evaluate(Given.Alone(Node(pod))));
    }

    [Theory]
    [InlineData(1, 30, Severity.Info)]
    [InlineData(4, 5, Severity.Warning)]
    [InlineData(4, 90, null)]
    public void Restarting_OneScan_SeverityByCountAndTime(int restarts, int minutesAgo, Severity? expected) =>
        Assert.Equal(expected, s_restarting.Evaluate(Given.Alone(Node(Restarted(restarts, minutesAgo)))).FirstOrDefault()?.Severity);

    [Theory]
    [InlineData(1, Severity.Warning)]
    [InlineData(3, Severity.Critical)]
    public void Restarting_Rising_SeverityByRise(int rise, Severity expected)
    {
        var finding = Given.Only(s_restarting, Given.InTurn(Node(Restarted(2, 100)), Node(Restarted(2 + rise, 0))));
        Assert.Equal(expected, finding.Severity);
        Assert.Contains(finding.Evidence, static line => line.EndsWith("OOMKilled (137).", StringComparison.Ordinal));
    }

    [Fact]
    public void Restarting_Never_Silent() => Assert.Empty(s_restarting.Evaluate(Given.Alone(Node(Given.Kubernetes()))));

    [Fact]
    public void Colocated_AllReplicasHere_InfoOnce()
    {
        var pods = new[] { "web-1", "web-2", "web-3" }.Select(static name => Given.Kubernetes(name) with { WorkloadReplicas = 3 });
        var finding = Given.Only(s_colocated, Given.Alone(Node([.. pods])));
        Assert.Equal((Severity.Info, "web-1"), (finding.Severity, finding.Subject.Name));
        Assert.StartsWith("all 3 replicas of shop/Deployment/web are on this node", finding.Title, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(null)]
    public void Colocated_ReplicasElsewhereOrUnknown_Silent(int? replicas)
    {
        var pods = new[] { "web-1", "web-2", "web-3" }.Select(name => Given.Kubernetes(name) with { WorkloadReplicas = replicas });
        Assert.Empty(s_colocated.Evaluate(Given.Alone(Node([.. pods]))));
    }

    [Fact]
    public void Colocated_SingleReplica_Silent() => Assert.Empty(s_colocated.Evaluate(Given.Alone(Node(Given.Kubernetes() with { WorkloadReplicas = 1 }))));

    private static KubernetesPod Restarted(int restarts, int minutesAgo) => Given.Kubernetes() with
    {
        Containers = [Given.Container() with { Restarts = restarts, LastTerminatedAt = Given.Noon - TimeSpan.FromMinutes(minutesAgo), LastTerminationReason = "OOMKilled (137)" }],
    };
}
