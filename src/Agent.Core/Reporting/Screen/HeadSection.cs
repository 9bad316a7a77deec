using System.Collections.Immutable;
using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;

namespace Agent.Core.Reporting.Screen;

/// <summary>The verdict on a node: whether anything fails now, is only likely to, or does not; where, and when it was looked at.</summary>
internal static class HeadSection
{
    public static ReportHead Build(ReportView view, ImmutableArray<ScreenCause> causes)
    {
        var verdict = VerdictOf(view, causes);
        return new(verdict, Text(view, verdict), When(view), Detail(view, causes), First(view, causes));
    }

    // Below the row of a single cause it stands anyway; below those of several it would be far down, and of --quiet nothing is below.
    private static ReportStep? First(ReportView view, ImmutableArray<ScreenCause> causes) =>
        causes is [var worst, ..] && (causes.Length > 1 || view.Input.Options.Quiet) ? DoNowSection.Steps(view, worst, 1).First() : null;

    private static Verdict VerdictOf(ReportView view, ImmutableArray<ScreenCause> causes) => view.Diagnosis.Headline.Verdict switch
    {
        Verdict.Unknown => Verdict.Unknown,
        _ when causes.IsEmpty => Verdict.Ok,
        _ => Verdicts.Of(causes.Max(static cause => cause.Severity)),
    };

    private static string Text(ReportView view, Verdict verdict)
    {
        var where = Where(view);
        var losses = Losses.Of(view, EndRole.Server) ?? Losses.Of(view, EndRole.Client);
        var isLosing = losses?.IsNow(view.Snapshot.TakenAt) ?? false;
        return verdict switch
        {
            Verdict.Unknown => $"too little of {where} could be read to say",
            Verdict.Ok when IsBlind(view) => $"nothing seen on {where} makes requests fail, but not all could be read",
            Verdict.Ok => $"nothing on {where} makes requests fail{(isLosing ? " often: single ones were lost" : "")}",
            Verdict.Critical when isLosing => $"requests are being lost on {where} now",
            Verdict.Critical => $"requests fail, or soon will, on {where}",
            _ when isLosing => $"requests were lost on {where} in the last {HumanText.Duration(Losses.Recent)}",
            _ => $"requests on {where} are likely to fail",
        };
    }

    private static string Where(ReportView view)
    {
        var node = HumanText.Printable(view.Snapshot.Node.Name) + (view.Snapshot.Node.CapturedTree ? " (captured tree)" : "");
        var options = view.Input.Options;
        return options switch
        {
            { Pod: { } pod } => $"{HumanText.Printable(pod)} of {node}",
            { Namespace: { } name } => $"{node}, namespace {HumanText.Printable(name)},",
            _ => node,
        };
    }

    private static string When(ReportView view)
    {
        var clock = HumanText.Clock(view.Snapshot.TakenAt);
        return view.Input.Origin switch
        {
            { FromAgent: true, Age: { } age } => $"{clock}, {HumanText.Ago(age)}",
            { FromAgent: false } => $"{clock}, just now",
            _ => clock,
        };
    }

    private static string Detail(ReportView view, ImmutableArray<ScreenCause> causes)
    {
        var acting = causes.Count(static cause => cause.Severity == Severity.Critical);
        var likely = causes.Length - acting;
        string[] parts =
        [
            (Losses.Of(view, EndRole.Server) ?? Losses.Of(view, EndRole.Client))?.Sentence ?? "",
            (acting, likely) switch
            {
                (0, 0) => "none of the known causes is at work",
                (0, _) => $"{HumanText.Count(likely, "likely cause")}",
                (_, 0) => $"{HumanText.Count(acting, "cause acts", "causes act")} now",
                _ => $"{HumanText.Count(acting, "cause acts", "causes act")} now, {HumanText.Count(likely)} likely",
            },
            Sources(view),
        ];
        return string.Join("; ", parts.Where(static part => part.Length > 0));
    }

    private static bool IsBlind(ReportView view) => Asked(view).Any(static source => source.Status != SourceStatus.Ok);

    private static IEnumerable<SourceReport> Asked(ReportView view) =>
        view.Snapshot.Sources.Where(source => !SourceUnavailableRule.IsExpected(view.Snapshot, source));

    private static string Sources(ReportView view)
    {
        var asked = Asked(view).ToArray();
        var read = asked.Count(static source => source.Status == SourceStatus.Ok);
        return asked.Length == 0 ? ""
            : read == asked.Length ? "all sources read"
            : $"{HumanText.Count(read)} of {HumanText.Count(asked.Length)} sources read whole";
    }
}
