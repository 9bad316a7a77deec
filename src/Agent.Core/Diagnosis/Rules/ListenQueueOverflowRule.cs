using System.Globalization;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Full accept queues.</summary>
public sealed class ListenQueueOverflowRule : IFindingRule
{
    /// <inheritdoc/>
    public string Id => FindingIds.ListenQueueOverflow;

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        foreach (var pod in context.Current.Pods)
        {
            // The kernel refuses once more than the backlog wait, so a full queue shows one more than its limit.
            var full = pod.Listeners.Where(static listener => listener.Backlog > 0 && listener.Queued >= listener.Backlog).MaxBy(static listener => listener.Queued);
            var overflows = CounterIncrease.OfPod(context, pod, static pod => pod.Counters?.ListenOverflows);
            var sinceStart = context.Earlier.IsEmpty ? pod.Counters?.ListenOverflows ?? 0 : 0;
            if (full is null && overflows is not { Amount: > 0 } && sinceStart == 0)
            {
                continue;
            }

            var severity = overflows is { Amount: > 0 } ? full is null ? Severity.Warning : Severity.Critical
                : full is null ? Severity.Info
                : Severity.Warning;
            yield return FindingCatalog.Get(Id).Report(
                severity,
                pod,
                Title(pod, full, overflows),
                Evidence(context, pod, full, overflows, sinceStart),
                (long)(overflows?.Amount ?? sinceStart),
                null,
                ("PORT", (full ?? pod.Listeners.FirstOrDefault())?.Port.ToString(CultureInfo.InvariantCulture) ?? "$PORT"));
        }
    }

    private static string Title(PodSnapshot pod, Listener? full, CounterIncrease? overflows) => (full, overflows) switch
    {
        ({ } listener, _) => $"{pod.Identity.DisplayName} is too busy to accept: {Text.Number(listener.Queued)} connections wait at port {listener.Port}, which holds {Text.Number(listener.Backlog)}",
        (_, { Amount: > 0 } increase) => $"{pod.Identity.DisplayName} was too busy to accept {Text.Count((long)increase.Amount, "connection")} in {Text.Duration(increase.Over)}",
        _ => $"{pod.Identity.DisplayName} has been too busy to accept connections since it started",
    };

    private static IEnumerable<string> Evidence(DiagnosisContext context, PodSnapshot pod, Listener? full, CounterIncrease? overflows, ulong sinceStart)
    {
        if (overflows is { Amount: > 0 } increase)
        {
            yield return $"ListenOverflows rose by {Text.Number(increase.Amount)} ({Text.Rate(increase.Rate)}): so many times a client was made to wait and try again.";
        }
        else if (sinceStart > 0)
        {
            yield return $"ListenOverflows is {Text.Number(sinceStart)} since the pod's network namespace was made. {Text.RunTwice}";
        }

        if (CounterIncrease.OfPod(context, pod, static pod => pod.Counters?.ListenDrops) is { Amount: > 0 } drops)
        {
            yield return $"ListenDrops rose by {Text.Number(drops.Amount)}.";
        }

        if (full is not null)
        {
            yield return $"Port {full.Port}: accept queue {Text.Number(full.Queued)} of {Text.Number(full.Backlog)}, {Text.Count(full.Established, "established connection")}.";
        }

        foreach (var container in pod.Kubernetes?.Containers ?? [])
        {
            if (container.ReadinessProbe is { Kind: not ProbeKind.Exec } probe && (full is null || probe.Port is null || probe.Port == full.Port))
            {
                yield return $"The readiness probe of container {container.Name} ({probe.KindName}{(probe.Port is { } port ? $", port {port}" : "")}) waits in the same queue: it fails after {probe.TimeoutSeconds} s, and after {probe.FailureThreshold} failures, {probe.FailureThreshold * probe.PeriodSeconds} s, the pod gets no requests any more.";
            }
        }
    }
}
