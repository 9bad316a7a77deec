using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Half-closed sockets whose conntrack entry runs out soon.</summary>
public sealed class HalfClosedExpiringRule : IFindingRule
{
    // Connections that are being closed properly are half-closed for less than this.
    private static readonly TimeSpan s_passing = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_lasting = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public string Id => FindingIds.HalfClosedExpiring;

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        foreach (var pod in context.Current.Pods)
        {
            if (pod.HalfClosed is not { Expiring: > 0 } summary || summary.Oldest < s_passing)
            {
                continue;
            }

            var sample = context.ConnectionsOf(pod).Where(static connection => connection.Tracking == TrackingState.Expiring).ToList();
            var evidence = new List<string>
            {
                $"{Text.Count(summary.Expiring, "half-closed socket")} with an entry that ends within {Text.Duration(context.Options.ExpiringWithin)}; the oldest half-closed socket is {(summary.Oldest is { } oldest ? Text.Duration(oldest) : "of unknown age")}{(summary.Oldest is null ? "" : " old")}.",
            };
            if (sample.Select(static connection => connection.Entry?.ExpiresIn).Min() is { } soonest)
            {
                evidence.Add($"The first ends in {Text.Duration(soonest)}.");
            }

            yield return FindingCatalog.Get(Id).Report(
                IsLasting(sample, summary) ? Severity.Warning : Severity.Info,
                pod,
                $"{pod.Identity.DisplayName} has {Text.Count(summary.Expiring, "half-closed socket")} that conntrack is about to forget",
                evidence,
                summary.Expiring,
                OwnTable.Tracks(context, pod) ? OwnTable.Fixes : null) with
            { Examples = HalfClosedText.Examples(sample) };
        }
    }

    // Worth a warning once a connection has lived through half of its time, or for long enough to be waiting for something.
    private static bool IsLasting(List<HalfClosedConnection> sample, HalfClosedSummary summary) =>
        summary.Oldest is null
        || summary.Oldest >= s_lasting
        || sample.Any(static connection => connection.Age is { } age && connection.Entry?.ExpiresIn is { } left && age >= left);
}
