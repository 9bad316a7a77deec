using System.Globalization;
using Agent.Core.Model;

namespace Agent.Sources;

/// <summary>How well ends of connections are heard, as of one scan.</summary>
internal sealed record HearingFacts
{
    public const string Backend = "sock_diag";

    /// <summary>Why one socket does not hear all namespaces; none when it does.</summary>
    public SourceProblem OneSocketRefusal { get; init; }

    /// <summary>Namespaces that are heard, the host's included.</summary>
    public required int Heard { get; init; }

    /// <summary>Namespaces with processes that are not heard.</summary>
    public int Deaf { get; init; }

    /// <summary>Why they are not; none when <see cref="ConnectionEndWatch.MaxNamespaceSockets"/> is the reason.</summary>
    public SourceProblem DeafReason { get; init; }

    /// <summary>Messages lost since the last scan.</summary>
    public long Missed { get; init; }

    /// <summary>Share of the last minutes in which it was listened to.</summary>
    public double WatchedShare { get; init; } = 1;

    /// <summary>Collection:CpuBudgetPercent.</summary>
    public double BudgetPercent { get; init; }

    /// <summary>Ends heard so far.</summary>
    public long Ends { get; init; }

    public SourceReport ToReport(SourceClock clock)
    {
        var problem = NotHeard().And(Lost()).And(InTurns());
        if (problem.Exists)
        {
            return clock.Report(Backend, SourceStatus.Degraded, problem, Ends);
        }

        // By a socket in each namespace everything is heard, too; it only costs more.
        return clock.Report(
            Backend,
            SourceStatus.Ok,
            OneSocketRefusal.Exists
                ? Say($"by a socket in each of {Heard} namespaces, because: {OneSocketRefusal.Text}", OneSocketRefusal.Needs)
                : SourceProblem.None,
            Ends);
    }

    private SourceProblem NotHeard()
    {
        if (Deaf == 0)
        {
            return SourceProblem.None;
        }

        var reason = DeafReason.Exists
            ? DeafReason
            : Say(
                $"""
                auto opens no more than {ConnectionEndWatch.MaxNamespaceSockets} sockets where one cannot hear all: {OneSocketRefusal.Text}
                """,
                OneSocketRefusal.Needs | SourceNeeds.ConnectionEndsEverywhere);
        return Say(
            $"{Deaf} of {Heard + Deaf} namespaces are not listened to, what ends and is lost there is unknown: {reason.Text}",
            reason.Needs);
    }

    private SourceProblem Lost() => Missed == 0
        ? SourceProblem.None
        : Say($"{Missed} ends since the last scan came faster than they were read and are not counted", SourceNeeds.None);

    private const string BudgetKey = "Collection:CpuBudgetPercent";

    private SourceProblem InTurns() => WatchedShare >= 1
        ? SourceProblem.None
        : Say(
            $"""
            watched {WatchedShare * 100:0} % of the last minutes, more would cost over half of {BudgetKey} ({BudgetPercent:0.###})
            """,
            SourceNeeds.CpuBudget);

    private static SourceProblem Say(FormattableString text, SourceNeeds needs) => new(text.ToString(CultureInfo.InvariantCulture), needs);
}
