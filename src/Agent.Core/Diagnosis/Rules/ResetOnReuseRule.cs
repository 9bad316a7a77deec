namespace Agent.Core.Diagnosis.Rules;

/// <summary>Resets sent by a pod that closes idle connections first: requests came after the close.</summary>
public sealed class ResetOnReuseRule : IFindingRule
{
    /// <inheritdoc/>
    public string Id => FindingIds.ResetOnReuse;

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        foreach (var pod in context.Current.Pods)
        {
            // A reset alone has many causes: a closed port, a scan, an abort. Only with idle closes is it a request that came too late.
            if (Serving.IsTerminating(pod)
                || BackendClosesIdleFirstRule.Estimates(context, pod) is not [var worst, ..]
                || Resets.Of(context, pod, worst.Listener, worst.Estimate) is not { Amount: > 0 } resets)
            {
                continue;
            }

            var evidence = new List<string>
            {
                $"The pod sent {Text.Count((long)resets.Amount, "reset")} in {Text.Duration(resets.Over)} ({Text.Rate(resets.Rate)}).",
                $"It closes idle connections at port {worst.Listener.Port} after about {Text.Duration(worst.Estimate.IdleTime)}.",
            };
            if (resets.Unread > 0)
            {
                evidence.Add($"TCPAbortOnClose rose by {Text.Number(resets.Unread)}: it was too busy to read a request before its time-out closed the connection.");
            }

            if (CounterIncrease.OfPod(context, pod, static pod => pod.Counters?.AbortOnData) is { Amount: > 0 } aborts)
            {
                evidence.Add($"TCPAbortOnData rose by {Text.Number(aborts.Amount)}: data came to connections that the application had already closed.");
            }

            if (CounterIncrease.OfPod(context, pod, static pod => pod.Counters?.EstablishedResets) is { Amount: > 0 } ended)
            {
                evidence.Add($"EstabResets rose by {Text.Number(ended.Amount)}.");
            }

            var explanation = FindingCatalog.Get(Id);
            yield return explanation.Report(
                worst.Estimate.IsSure ? Severity.Critical : Severity.Warning,
                pod,
                $"{pod.Identity.DisplayName} answered {Text.Count((long)resets.Amount, "request packet")} with a reset: they came on idle connections that it was just closing",
                evidence,
                (long)resets.Amount,
                worst.Estimate.Sort(explanation.Fixes),
                ("PORT", worst.Listener.Port.ToString(System.Globalization.CultureInfo.InvariantCulture)),
                ("SECONDS", ((long)context.Options.Upstream.KeepAlive.TotalSeconds + 20).ToString(System.Globalization.CultureInfo.InvariantCulture)));
        }
    }
}
