using System.Collections.Immutable;
using Agent.Core.Diagnosis;
using Agent.Core.Model;
using Agent.Kernel.SockDiag;
using Xunit;

namespace Agent.Tests.Core.Diagnosis;

/// <summary>Five minutes of a busy node on which nothing is wrong: whatever is found is a false alarm.</summary>
public sealed class HealthyNodeTests
{
    private const int Scans = 21;

    [Theory]
    [InlineData(3600)]
    [InlineData(60)]
    public void Evaluate_BusyNodeWithRollingRestart_NothingAboveInfo(long closeWaitTimeout)
    {
        var tracker = new FindingTracker();
        var earlier = ImmutableArray<Snapshot>.Empty;
        for (var scan = 0; scan < Scans; scan++)
        {
            var snapshot = Busy(scan, closeWaitTimeout);
            var result = DiagnosisEngine.Evaluate(new(snapshot, earlier, new()));
            Assert.All(result.Findings, static finding => Assert.True(finding.Severity == Severity.Info, $"{finding.Title}: {string.Join(" ", finding.Evidence)}"));
            Assert.NotEqual(Verdict.Critical, tracker.Update(result, snapshot.TakenAt).Verdict);
            earlier = earlier.Add(snapshot);
        }
    }

    private static Snapshot Busy(int scan, long closeWaitTimeout)
    {
        var at = Given.Noon + scan * Given.Interval;
        List<PodSnapshot> pods = [KeptAlive(scan), Probed(scan), Go(scan)];
        pods.AddRange(Rollout(scan, at));
        return Given.Node([.. pods]) with
        {
            TakenAt = at,
            HostSettings = Given.Settings(closeWaitTimeout),
            Conntrack = new()
            {
                Entries = 30_000 + 1000 * (scan % 5),
                Limit = 262144,
                Flows = Given.Flows(30_000, 3, Given.CloseWaitEntry((uint)closeWaitTimeout)) with { TakenAt = at },
                Statistics = Given.Statistics(drop: 4, early: 0, failed: 90 + (ulong)scan, invalid: 5000 + (ulong)scan * 4),
            },
        };
    }

    // Thousands of connections a minute: at each scan some are just being closed, by either side. All of it is over in milliseconds.
    private static HalfClosedSummary Passing(int scan, bool shortTimeout = false) => new()
    {
        CloseWaitSockets = 4 + scan % 3,
        FinWait1Sockets = 2,
        FinWait2Sockets = 15 + scan % 7,
        ClosedByPeer = 4,
        ClosedByPod = 17,
        Oldest = TimeSpan.FromMilliseconds(60 + 10 * scan),
        Expiring = shortTimeout ? 20 : 0,
    };

    // A pool of a load balancer: kept alive for 620 s, its connections older at every scan; the balancer closes at 600.
    private static PodSnapshot KeptAlive(int scan)
    {
        var listener = Given.Listener() with
        {
            Established = 200,
            ClosedByPodFirst = 12,
            IdleClosesSeen = 0,
            IdleClosesByPeerSeen = scan * 2,
            Idle = new(TimeSpan.FromSeconds(15 * scan + 5), 200 * (scan + 1)),
        };
        return Given.Serving(Given.Kubernetes("kept"), listener) with { HalfClosed = Passing(scan, shortTimeout: true) };
    }

    // Clients that send "Connection: close", and probes: the pod closes first, always, and nothing is idle.
    private static PodSnapshot Probed(int scan)
    {
        var listener = Given.Listener() with
        {
            Established = 30,
            ClosedByPodFirst = 3000,
            IdleClosesSeen = scan == 0 ? null : 0,
            IdleClosesByPeerSeen = scan == 0 ? null : 0,
            Idle = new(TimeSpan.FromSeconds(0.4), 30 * (scan + 1)),
        };
        return Given.Serving(Given.Kubernetes("probed"), listener) with { HalfClosed = Passing(scan) };
    }

    // No time-out of its own; its clients close their idle connections.
    private static PodSnapshot Go(int scan)
    {
        var listener = Given.Listener() with
        {
            Established = 90,
            ClosedByPodFirst = 12,
            IdleClosesSeen = 0,
            IdleClosesByPeerSeen = 30 * scan,
            Idle = new(TimeSpan.FromSeconds(90), 90 * (scan + 1)),
        };
        return Given.Serving(Given.Kubernetes("go"), listener) with
        {
            Counters = new() { ResetsSent = (ulong)scan, AbortOnClose = 0, AbortOnData = 0, ListenOverflows = 7, ListenDrops = 7, PassiveOpens = 9000 + (ulong)scan * 500 },
        };
    }

    // Three pods replaced one after another: each gets its deletion, serves through 120 s of preStop, closes its connections and exits well within its grace period.
    private static IEnumerable<PodSnapshot> Rollout(int scan, DateTimeOffset at)
    {
        for (var index = 0; index < 3; index++)
        {
            var deleted = 2 + 3 * index;
            var exits = deleted + 9;
            var old = Given.Kubernetes($"old-{index}");
            if (scan < exits)
            {
                var terminating = scan >= deleted;
                yield return Given.Serving(
                    terminating
                        ? old with { DeletionTimestamp = Given.Noon + deleted * Given.Interval + TimeSpan.FromSeconds(210), DeletionGracePeriodSeconds = 210, Ready = false, ReadyChangedAt = Given.Noon + deleted * Given.Interval }
                        : old,
                    Given.Listener() with { Established = 20, IdleClosesSeen = scan == exits - 1 ? 15 : 0, IdleClosesByPeerSeen = 0, IdleAtClose = TimeSpan.FromSeconds(6), Idle = new(TimeSpan.FromSeconds(7), 400) });
            }

            if (scan > deleted)
            {
                var started = Given.Noon + (deleted + 1) * Given.Interval;
                var isReady = at - started >= TimeSpan.FromSeconds(20);
                yield return Given.Serving(Given.Kubernetes($"new-{index}") with { StartTime = started, Ready = isReady, ReadyChangedAt = isReady ? started + TimeSpan.FromSeconds(20) : started }) with
                {
                    Running = at - started,
                    Tcp = Given.States((TcpState.Established, 5)),
                };
            }
        }
    }
}
