using Agent.Core.Diagnosis;
using Agent.Core.Model;

namespace Agent.Core.Reporting.Screen;

/// <summary>Requests that were lost at connections that ended, of the selected owners. Counted, never estimated.</summary>
/// <param name="Requests">Lost requests in a role since they are watched.</param>
/// <param name="LastAt">When the last one was lost.</param>
/// <param name="Watched">For how long was listened, at most.</param>
internal sealed record Losses(long Requests, DateTimeOffset LastAt, TimeSpan Watched)
{
    /// <summary>A loss that is no older than this happens now.</summary>
    public static readonly TimeSpan Recent = TimeSpan.FromMinutes(5);

    /// <summary>Null when none was lost, or when nobody listens.</summary>
    public static Losses? Of(ReportView view, EndRole role)
    {
        var lost = view.Pods
            .Where(static pod => pod.Ends is not null)
            .SelectMany(static pod => UnsureLoss.Without(pod))
            .Where(lost => lost.Role == role && lost.Count > 0)
            .ToArray();
        return lost.Length == 0 ? null : new(
            lost.Sum(static lost => lost.Count),
            lost.Max(static lost => lost.LastAt),
            view.Pods.Max(static pod => pod.Ends?.Watched) ?? TimeSpan.Zero);
    }

    /// <summary>Whether the last one was lost in the last minutes.</summary>
    public bool IsNow(DateTimeOffset now) => now - LastAt <= Recent;

    /// <summary><c>97 requests lost in 12m</c>.</summary>
    public string Sentence => $"{HumanText.Count(Requests, "request")} lost in {HumanText.Duration(Watched)}";

    /// <summary><c>watched 40% of the time</c>; empty where next to nothing was missed.</summary>
    public static string WatchedShare(ReportView view) =>
        view.Snapshot.ConnectionEnds is { WatchedShare: < 0.995 } ends ? $"watched {HumanText.Percent(ends.WatchedShare)} of the time" : "";
}
