using System.Collections.Immutable;
using System.Globalization;
using Agent.Core.Diagnosis;
using Agent.Core.Model;

namespace Agent.Core.Reporting.Screen;

/// <summary>Lost requests by pod, port and cause, as they were counted.</summary>
internal static class LostRequestsSection
{
    private const int RowsShown = 6;

    public static ReportSection? Build(ReportView view)
    {
        if (Table(view, RowsShown) is not { } table)
        {
            return null;
        }

        var hidden = Rows(view).Count() - table.Rows.Length;
        var share = Losses.WatchedShare(view);
        return new(
            $"Lost requests{(share.Length > 0 ? $", {share}" : "")}",
            hidden > 0 ? [table, new TextBlock($"+{HumanText.Count(hidden, "row")}: --details", Tone.Muted)] : [table],
            IsBrief: true);
    }

    /// <summary>The most first; null when none was lost.</summary>
    public static TableBlock? Table(ReportView view, int most)
    {
        ImmutableArray<ImmutableArray<ReportCell>> rows = [.. Rows(view).Take(most).Select(row => Row(view, row.Pod, row.Lost))];
        return rows.IsEmpty ? null : new(
            "",
            [
                new("pod", Fit: ColumnFit.Name), new("port", true), new("how", Fit: ColumnFit.Prose), new("count", true), new("last"),
            ],
            rows);
    }

    private static IEnumerable<(PodSnapshot Pod, LostRequests Lost)> Rows(ReportView view) => view.Pods
        .Where(static pod => pod.Ends is not null)
        .SelectMany(static pod => UnsureLoss.Without(pod).Select(lost => (pod, lost)))
        .OrderByDescending(static row => row.lost.Count);

    /// <summary>How a request was lost, for people.</summary>
    internal static string How(EndRole role, LossCause cause) => (role, cause) switch
    {
        (EndRole.Server, LossCause.UnreadAtClose) => "it lay unread when the pod closed",
        (EndRole.Server, LossCause.AfterClose) => "it came after the pod had closed",
        (EndRole.Server, LossCause.Unanswered) => "the pod took it and closed without an answer",
        (_, LossCause.UnreadAtClose) => "the server closed before it read it",
        (_, LossCause.AfterClose) => "it was sent after the server had closed",
        _ => "the server took it and closed without an answer",
    };

    private static ImmutableArray<ReportCell> Row(ReportView view, PodSnapshot pod, LostRequests lost) =>
    [
        HumanText.Printable(pod.Identity.DisplayName),
        lost.Port == 0 ? HumanText.Unknown : lost.Port.ToString(CultureInfo.InvariantCulture),
        How(lost.Role, lost.Cause),
        HumanText.Count(lost.Count),
        HumanText.Ago(view.Snapshot.TakenAt - lost.LastAt),
    ];
}
