using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;

namespace Agent.Core.Reporting.Screen;

/// <summary>The table, the timeout and the sources: one line where all is well, one more for each that is not.</summary>
internal static class NodeSection
{
    public static IEnumerable<ReportFact> Facts(ReportView view)
    {
        List<ReportFact> wrong = [];
        string[] usual = [Table(view), Timeout(view), Quiet(view), Hearing(view), Sources(view, wrong)];
        yield return new("Node", string.Join(" · ", usual.Where(static part => part.Length > 0)));
        foreach (var fact in wrong)
        {
            yield return fact;
        }

        if (view.Input.Origin is { FromAgent: false } origin)
        {
            var apart = view.Window is { } window ? $", two scans {HumanText.Duration(window)} apart" : "";
            yield return new("Scan", origin.Sentence + apart, Tone.Muted);
        }
    }

    private static string Table(ReportView view) =>
        Fill(view) + (view.Snapshot.Conntrack is { IsBeingRead: true } ? ", still being read" : "");

    private static string Fill(ReportView view) => view.Snapshot.Conntrack switch
    {
        { FillRatio: { } fill, Limit: { } limit } => $"table {HumanText.Percent(fill)} of {HumanText.Count(limit)}",
        { Entries: { } entries } => $"table {HumanText.Count(entries, "entry", "entries")}",
        _ when view.Snapshot.TracksNothing => "nf_conntrack is not loaded: nothing is tracked, nothing forgotten",
        _ => "table ?",
    };

    private static string Timeout(ReportView view)
    {
        var recommended = view.Input.Thresholds.CloseWaitTimeout;
        return view.Snapshot.TracksNothing ? ""
            : view.Snapshot.HostSettings?.CloseWaitSeconds is not { } seconds ? "close_wait ?"
            : TimeSpan.FromSeconds(seconds) >= recommended ? $"close_wait {HumanText.Seconds(seconds)}"
            : $"close_wait {HumanText.Seconds(seconds)}, recommended {HumanText.Duration(recommended)}";
    }

    // Connections that are only passing through have no table of their own.
    private static string Quiet(ReportView view) =>
        HalfClosedSection.Build(view) is not null || HalfClosedSection.Total(view) is not { } total ? "" : $"half-closed: {total}";

    // With lost requests it stands there.
    private static string Hearing(ReportView view) =>
        LostRequestsSection.Build(view) is null && Losses.WatchedShare(view) is { Length: > 0 } share ? $"ends of connections {share}" : "";

    private static string Sources(ReportView view, List<ReportFact> wrong)
    {
        var asked = view.Snapshot.Sources.Where(source => !SourceUnavailableRule.IsExpected(view.Snapshot, source)).ToArray();
        foreach (var source in asked.Where(static source => source.Status != SourceStatus.Ok))
        {
            var how = source.Status switch
            {
                SourceStatus.Degraded => "in part",
                SourceStatus.Failed => "failed",
                _ => "not read",
            };
            wrong.Add(new(
                wrong.Count == 0 ? "Unknown" : "",
                $"{source.Name} {how}: {HumanText.Printable(source.Detail.Length > 0 ? source.Detail : "no reason given")}",
                source.Status == SourceStatus.Degraded ? Tone.Notice : Tone.Warning));
        }

        return $"{HumanText.Count(asked.Length - wrong.Count)} of {HumanText.Count(asked.Length, "source")}";
    }
}
