using System.Globalization;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Servers that close idle connections sooner than what is in front of them.</summary>
public sealed class BackendClosesIdleFirstRule : IFindingRule
{
    // An estimate this near to the upstream's time may as well be equal to it.
    private const double ClearlyShorter = 0.9;

    /// <inheritdoc/>
    public string Id => FindingIds.BackendClosesIdleFirst;

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        foreach (var pod in context.Current.Pods)
        {
            // A pod that ends closes its idle connections, as it should.
            if (!Serving.IsTerminating(pod) && Estimates(context, pod) is [var worst, .. var others])
            {
                yield return Report(context, pod, worst, others);
            }
        }
    }

    /// <summary>The ports of a pod that close idle connections too soon, the best known first.</summary>
    internal static List<(Listener Listener, KeepAliveEstimate Estimate)> Estimates(DiagnosisContext context, PodSnapshot pod) =>
    [
        .. from listener in Serving.IsNodeOfCluster(context.Current, pod) ? [] : pod.Listeners
           let estimate = KeepAliveEstimate.Of(listener, pod.Running, Serving.ProbesPerMinute(pod))
           where estimate is not null && estimate.IdleTime < ClearlyShorter * context.Options.Upstream.KeepAlive
           group (listener, estimate) by listener.Port into port
           select port.MaxBy(static seen => seen.estimate.Closes) into seen
           orderby seen.estimate.IsSure descending, seen.estimate.Closes descending, seen.listener.Port
           select seen,
    ];

    private Finding Report(DiagnosisContext context, PodSnapshot pod, (Listener Listener, KeepAliveEstimate Estimate) worst, List<(Listener Listener, KeepAliveEstimate Estimate)> others)
    {
        var (listener, estimate) = worst;
        var upstream = context.Options.Upstream;
        var resets = Resets.Of(context, pod, listener, estimate)?.Amount ?? 0;
        var evidence = new List<string>();
        evidence.AddRange(Seen(listener, estimate));
        evidence.Add($"In front: {upstream.Title} ({upstream.Name}), which keeps idle connections for {Seconds(upstream.KeepAlive)} (setting Diagnosis:Upstream).");
        evidence.AddRange(others.Select(static other => $"Also port {other.Listener.Port}: after about {Text.Duration(other.Estimate.IdleTime)}."));
        if (resets > 0 && estimate.IsSure)
        {
            evidence.Add($"The pod answered {Text.Number(resets)} packets with a reset meanwhile: requests that met the close.");
        }

        var explanation = FindingCatalog.Get(Id);
        var finding = explanation.Report(
            !estimate.IsSure ? Severity.Info : resets > 0 ? Severity.Critical : Severity.Warning,
            pod,
            $"{pod.Identity.DisplayName} closes idle connections after ~{Text.Duration(estimate.IdleTime)} (port {listener.Port}) while the load balancer keeps them {Seconds(upstream.KeepAlive)}: requests race with the close and fail with 502",
            evidence,
            Math.Max(estimate.Closes, listener.ClosedByPodFirst),
            estimate.Sort(explanation.Fixes),
            ("PORT", listener.Port.ToString(CultureInfo.InvariantCulture)),
            ("SECONDS", ((long)upstream.KeepAlive.TotalSeconds + 20).ToString(CultureInfo.InvariantCulture)));
        return finding with { Form = estimate.Resembles ?? "" };
    }

    private static IEnumerable<string> Seen(Listener listener, KeepAliveEstimate estimate)
    {
        if (estimate.Closes > 0)
        {
            yield return $"Port {listener.Port}: the pod was seen to close {Text.Count(estimate.Closes, "idle connection")} first; {Text.Number(listener.IdleClosesByPeerSeen ?? 0)} others were closed by the client or reset.";
        }

        if (listener.ClosedByPodFirst > 0)
        {
            yield return $"{Text.Count(listener.ClosedByPodFirst, "connection")} at port {listener.Port} in TIME_WAIT: the pod closed first (probes and clients that ask for the close are among them).";
        }

        if (listener.Idle is { } idle)
        {
            yield return $"No established connection there was idle for longer than {Text.Duration(idle.Ceiling)} ({Text.Number(idle.Samples)} samples).";
        }

        if (estimate.Resembles is { } whose)
        {
            yield return $"That is {whose}.";
        }

        if (!estimate.IsSure)
        {
            yield return estimate.Closes == 0
                ? "One scan cannot show who closes and when; to be sure: closewatch report --window 30s"
                : "The times disagree; to be sure, let the agent watch for some minutes: curl -s http://127.0.0.1:9742/report";
        }
    }

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} s");
}
