using System.Collections.Immutable;
using System.Globalization;
using Agent.Core;
using Agent.Core.Remediation;
using Agent.Core.Reporting;
using Agent.Remediation;

namespace Agent.Commands;

/// <summary>Plans, and what became of them, as text.</summary>
internal static class SysctlText
{
    private const int NamesShown = 5;

    public static ImmutableArray<ReportSection> OfPlan(RemediationPlan plan, KubeProxyState kubeProxy)
    {
        var sections = ImmutableArray.CreateBuilder<ReportSection>();
        var summary = plan.Changes.IsEmpty ? "Nothing to write" : $"{HumanText.Count(plan.Changes.Length, "value")} to write";
        ReportBlock settings = plan.Desired.IsEmpty
            ? new TextBlock("No setting is looked after (Remediation:Settings, Remediation:Scope).")
            : Table(["WHERE", "SETTING", "NOW", "WANTED", "PLAN"], plan.Desired.Select(value => Row(value, plan)));
        sections.Add(new($"{summary} · kube-proxy: {Describe(kubeProxy)}", [settings]));
        if (!plan.Changes.IsEmpty)
        {
            sections.Add(new("Why", [.. plan.Changes.SelectMany(static change => Paragraph(
                $"{change.Target.DisplayName}: {change.Sysctl}", Tone.Notice, $"{change.Reason}. Guard: {change.Guard}."))]));
        }

        if (!plan.Refusals.IsEmpty)
        {
            sections.Add(new("Not done", [.. plan.Refusals.SelectMany(static refusal => Paragraph(
                $"{refusal.Where}: {refusal.Sysctl}", Tone.Warning, $"{refusal.Reason}. Instead: {refusal.Instead}."))]));
        }

        if (!plan.LeftOut.IsEmpty)
        {
            sections.Add(new("Left out", [.. plan.LeftOut.SelectMany(static left => Paragraph(
                Names(left.Names), Tone.Muted, left.Reason + (left.Instead.Length > 0 ? $". Instead: {left.Instead}." : ".")))]));
        }

        return sections.ToImmutable();
    }

    public static ReportSection OfOutcomes(ImmutableArray<WriteOutcome> outcomes) => new("Result", [Table(
        ["WHERE", "SETTING", "WAS", "NOW", "RESULT"],
        outcomes.Select(static outcome => new ReportCell[]
        {
            HumanText.Printable(outcome.Request.Target.DisplayName),
            outcome.Request.Sysctl,
            Number(outcome.Actual),
            Number(outcome.Result == WriteResult.Written ? outcome.Request.To : outcome.Actual),
            outcome.Result switch
            {
                WriteResult.Written => new("written", Tone.Good),
                WriteResult.AlreadyThere => new("already there", Tone.Good),
                _ => new($"not written: {HumanText.Printable(outcome.Detail)}", Tone.Critical),
            },
        }))]);

    private static string Names(ImmutableArray<string> names) =>
        string.Join(", ", names.Take(NamesShown))
        + (names.Length > NamesShown ? $", +{HumanText.Count(names.Length - NamesShown)} more" : "");

    private static ReportCell[] Row(DesiredValue value, RemediationPlan plan)
    {
        var isPlanned = plan.Changes.Any(change => change.Target == value.Target && change.Sysctl == value.Sysctl);
        var isRefused = plan.Refusals.Any(refusal => refusal.Where == value.Target.DisplayName && refusal.Sysctl == value.Sysctl);
        return
        [
            HumanText.Printable(value.Target.DisplayName),
            value.Sysctl,
            Number(value.Value),
            Number(value.Desired),
            isPlanned ? new("raise", Tone.Notice) : isRefused ? new("refused", Tone.Warning) : new("leave", Tone.Good),
        ];
    }

    private static TableBlock Table(string[] titles, IEnumerable<ReportCell[]> rows) => new(
        "",
        [.. titles.Select(static (title, index) => new ReportColumn(title, index is 2 or 3))],
        [.. rows.Select(static row => row.ToImmutableArray())]);

    private static TextBlock[] Paragraph(string title, Tone tone, string text) =>
        [new(HumanText.Printable(title), tone), new(HumanText.Printable(text))];

    private static string Number(long? value) => value?.ToString(CultureInfo.InvariantCulture) ?? HumanText.Unknown;

    private static string Describe(KubeProxyState state) => state.Presence switch
    {
        KubeProxyPresence.Absent => "none",
        KubeProxyPresence.Known => state.Values.TryGetValue(SysctlCatalog.CloseWait, out var seconds)
            ? string.Create(CultureInfo.InvariantCulture, $"sets close_wait to {seconds} s")
            : "leaves close_wait alone",
        _ => "settings unknown",
    };
}
