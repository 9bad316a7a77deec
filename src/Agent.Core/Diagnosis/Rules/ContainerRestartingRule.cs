using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Containers that restart: each time their connections are cut.</summary>
public sealed class ContainerRestartingRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "container-restarting";

    private const int CrashLoop = ServerReplacements.Loop;

    private static readonly TimeSpan s_recent = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_forgotten = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "containers restart",
        What = "A container that dies takes all its connections with it; nothing drains them. Until it listens again, connections to it "
            + "are refused.",
        Why = "Each restart cuts every connection of the container: requests at work fail.",
        Seen = $"""
            Restart counts and the last termination, as the API server tells them. Without them: another socket listens at the same port,
            again and again (three times in {HumanText.Duration(ServerReplacements.SlowLoop)}, the last in
            {HumanText.Duration(CounterIncrease.Window)}), so the server's process was replaced (a reload that hands its sockets over is
            none), and how many requests the ends of connections show as lost at such ports meanwhile. A server that comes and is gone
            again between two scans is told by the connections that were accepted and the requests that were lost while nobody was found
            listening.
            """,
        Levels =
        [
            new(
                Severity.Info,
                $"within the last {HumanText.Duration(s_forgotten)}; without restart counts, {CrashLoop} or more replacements that cost no "
                + "request"),
            new(Severity.Warning, $"rising while watched, or {CrashLoop} or more with one in the last {HumanText.Duration(s_recent)}; "
                + $"without restart counts, {CrashLoop} or more replacements, and nobody listens to the ends of connections"),
            new(Severity.Critical, $"{CrashLoop} or more while watched; without restart counts, only with lost requests"),
        ],
        Explains = LossClaim.ServerDied,
        Needs = [SourceNames.Kubernetes, SourceNames.Sockets],
        Checks =
        [
            new(
                "why it died",
                "kubectl -n $NAMESPACE get pod $POD -o jsonpath='{range .status.containerStatuses[*]}{.name}: {.restartCount} "
                + "{.lastState.terminated}{\"\\n\"}{end}'"),
            new("its last words", "kubectl -n $NAMESPACE logs $POD --previous --tail=50"),
            new("kills by the kernel", "dmesg -T | grep -i 'killed process'"),
        ],
        Fixes =
        [
            new("what it said at its end", "kubectl -n $NAMESPACE logs $POD --previous --all-containers --tail=50", FixPlace.Pod),
            new("container, after OOMKilled", "resources: {requests: {memory: 512Mi}, limits: {memory: 1Gi}}", FixPlace.Pod),
            new("container, after a failed liveness probe", "livenessProbe: {timeoutSeconds: 5, failureThreshold: 6}", FixPlace.Pod),
            new("go back", "kubectl -n $NAMESPACE rollout undo $ROLLOUT", FixPlace.Pod),
        ],
        References = ["https://kubernetes.io/docs/tasks/debug/debug-application/debug-running-pod/"],
    };

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        List<Finding> counted = [.. Counted(context)];
        return counted.Concat(
            from pod in context.Current.Pods
            where !Serving.IsTerminating(pod) && !counted.Exists(finding => finding.Subject == FindingSubject.Of(pod.Identity))
            let finding = Watched(context, pod)
            where finding is not null
            select finding);
    }

    private IEnumerable<Finding> Counted(DiagnosisContext context)
    {
        foreach (var (pod, kubernetes) in Serving.WithKubernetes(context.Current))
        {
            var earlier = context.HistoryOf(pod.Identity)
                .Select(static seen => seen.Pod.Kubernetes)
                .FirstOrDefault(static seen => seen is not null);
            var rise = earlier is null ? 0 : kubernetes.Restarts - earlier.Restarts;
            var since = context.Current.TakenAt - kubernetes.Containers.Max(static container => container.LastTerminatedAt);
            if (kubernetes.Restarts == 0 || Serving.IsTerminating(pod) || (rise <= 0 && since >= s_forgotten))
            {
                continue;
            }

            var severity = rise >= CrashLoop ? Severity.Critical
                : rise > 0 || (since < s_recent && kubernetes.Restarts >= CrashLoop) ? Severity.Warning
                : Severity.Info;
            var connections = Serving.Connections(pod) ?? 0;
            yield return Explanation.Report(
                severity,
                pod,
                rise > 0
                    ? $"{pod.Identity.DisplayName} restarted {HumanText.Count(rise, "time")} in "
                        + $"{HumanText.Duration(CountedOver(context, pod))}: each restart cuts its connections"
                    : $"{pod.Identity.DisplayName} has restarted {HumanText.Count(kubernetes.Restarts, "time")}{LastTime(since)}",
                kubernetes.Containers.Where(static container => container.Restarts > 0).Select(container => Line(context, container)),
                Math.Max(connections, rise));
        }
    }

    private Finding? Watched(DiagnosisContext context, PodSnapshot pod)
    {
        // A server that has just died listens nowhere.
        var all = context.HistoryOf(pod.Identity)
            .SelectMany(static seen => seen.Pod.Listeners)
            .Concat(pod.Listeners)
            .Where(static listener => listener.Restarts > 0)
            .Select(static listener => listener.Port)
            .Concat((pod.Ends?.RequestsLost ?? []).Where(static lost => lost.Role == EndRole.Server).Select(static lost => lost.Port))
            .Distinct()
            .Select(port => (Port: port, Replaced: ServerReplacements.Of(context, pod, port)))
            .Where(static one => one.Replaced.Times > 0)
            .OrderByDescending(static one => one.Replaced.Times)
            .ToList();
        var (port, replaced) = all.FirstOrDefault();
        if (replaced.Times < CrashLoop)
        {
            return null;
        }

        // What another server of the pod loses, which nobody has replaced, has another cause.
        ImmutableArray<ushort> ports = [.. all.Select(static one => one.Port)];
        var lost = RecentLosses.Of(context, pod, lost => lost.Role == EndRole.Server && ports.Contains(lost.Port));
        List<string> evidence =
        [
            $"Port {port}: in {HumanText.Duration(replaced.Over)} another socket was found listening "
                + $"{HumanText.Count(replaced.Found, "time")}; two replacements between two scans count as one.",
            .. Missed(replaced),
            lost switch
            {
                null => "Nobody listens to the ends of connections here, so what it cost is not known.",
                { Count: 0 } => "No request was lost meanwhile.",
                { } some => $"{HumanText.Count(some.Count, "request")} got no answer in {HumanText.Duration(some.Over)} because their "
                    + $"connection ended, the last at {HumanText.Time(some.LastAt!.Value)}.",
            },
        ];
        return Explanation.Report(
            lost is null ? Severity.Warning : lost.Value.Count > 0 ? Severity.Critical : Severity.Info,
            pod,
            $"the server at port {port} of {pod.Identity.DisplayName} was replaced {HumanText.Count(replaced.Times, "time")} in "
            + $"{HumanText.Duration(replaced.Over)}" + (lost is { Count: > 0 } ? ": each time its connections are cut" : ""),
            evidence,
            lost?.Count ?? 0) with
        {
            Form = "watched",
            Ports = ports,
        };
    }

    private static IEnumerable<string> Missed(ServerReplacements replaced) => replaced.Missed == 0 ? [] :
    [
        $"{HumanText.Count(replaced.Missed, "time")} a scan found nobody listening, as the one before, though connections had been "
            + "accepted between them: a server came and was gone again.",
    ];

    private static TimeSpan CountedOver(DiagnosisContext context, PodSnapshot pod) =>
        context.Current.TakenAt - context.HistoryOf(pod.Identity).First(static seen => seen.Pod.Kubernetes is not null).TakenAt;

    private static string LastTime(TimeSpan? ago) => ago is { } known ? $", the last time {HumanText.Duration(known)} ago" : "";

    private static string Line(DiagnosisContext context, KubernetesContainer container)
    {
        var when = LastTime(context.Current.TakenAt - container.LastTerminatedAt);
        var why = container.LastTerminationReason is { Length: > 0 } reason ? $": {reason}" : "";
        return $"Container {container.Name} restarted {HumanText.Count(container.Restarts, "time")}{when}{why}.";
    }
}
