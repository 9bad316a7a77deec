using System.Globalization;
using Agent.Kernel.Conntrack;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Increments of drop, early_drop and insert_failed.</summary>
public sealed class ConntrackDropsRule : IFindingRule
{
    // Lost races of DNS packets raise insert_failed now and then on every healthy node.
    private const double InsertFailedWarningRate = 1;
    private const ulong InsertFailedSinceBootWorthSaying = 10;

    /// <inheritdoc/>
    public string Id => FindingIds.ConntrackDrops;

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context) =>
        context.Current.Conntrack?.Statistics is { } totals && (Increase(context) ?? SinceBoot(context, totals)) is { } finding ? [finding] : [];

    private Finding? Increase(DiagnosisContext context)
    {
        var drop = CounterIncrease.OfNode(context, static snapshot => snapshot.Conntrack?.Statistics?.Drop);
        var early = CounterIncrease.OfNode(context, static snapshot => snapshot.Conntrack?.Statistics?.EarlyDrop);
        var failed = CounterIncrease.OfNode(context, static snapshot => snapshot.Conntrack?.Statistics?.InsertFailed);
        var noRoom = WithoutClashes(drop, failed);
        var sum = (noRoom?.Amount ?? 0) + (early?.Amount ?? 0) + (failed?.Amount ?? 0);
        if (sum == 0)
        {
            return null;
        }

        var severity = noRoom is { Amount: > 0 } ? Severity.Critical
            : early is { Amount: > 0 } || failed is { Rate: >= InsertFailedWarningRate } ? Severity.Warning
            : Severity.Info;
        var over = (drop ?? early ?? failed)!.Value.Over;
        return Report(
            context,
            severity,
            $"the connection tracker refused or dropped {Text.Number(sum)} packets or entries in {Text.Duration(over)}",
            [.. Lines(noRoom, early, failed)],
            sum,
            fix => (fix.Where.Contains("early_drop", StringComparison.Ordinal) && (noRoom?.Amount ?? 0) + (early?.Amount ?? 0) > 0)
                || (fix.Where.Contains("insert_failed", StringComparison.Ordinal) && failed is { Amount: > 0 }));
    }

    // A packet whose entry clashes is counted in insert_failed and, when it is then dropped, in drop as well (nf_ct_resolve_clash).
    private static CounterIncrease? WithoutClashes(CounterIncrease? drop, CounterIncrease? failed) =>
        drop is { } all ? all with { Amount = all.Amount - Math.Min(all.Amount, failed?.Amount ?? 0) } : null;

    private Finding? SinceBoot(DiagnosisContext context, ConntrackStatistics totals)
    {
        if (!context.Earlier.IsEmpty || ((totals.Drop ?? 0) + (totals.EarlyDrop ?? 0) == 0 && (totals.InsertFailed ?? 0) < InsertFailedSinceBootWorthSaying))
        {
            return null;
        }

        return Report(
            context,
            Severity.Info,
            "the connection tracker has refused or dropped packets since boot",
            [$"Since boot: drop {Text.Number(totals.Drop ?? 0)}, early_drop {Text.Number(totals.EarlyDrop ?? 0)}, insert_failed {Text.Number(totals.InsertFailed ?? 0)}.", Text.RunTwice],
            0,
            static _ => true);
    }

    private Finding Report(DiagnosisContext context, Severity severity, string title, IEnumerable<string> evidence, ulong victims, Func<FindingFix, bool> helps) => FindingCatalog.Get(Id).Report(
        severity,
        FindingSubject.Node(context.Current),
        title,
        evidence,
        (long)victims,
        FindingCatalog.Get(Id).Fixes.Where(helps),
        ("LIMIT", ((context.Current.Conntrack?.Limit ?? 131072) * 2).ToString(CultureInfo.InvariantCulture)));

    private static IEnumerable<string> Lines(CounterIncrease? noRoom, CounterIncrease? early, CounterIncrease? failed)
    {
        (string Name, CounterIncrease? Increase, string Meaning)[] lines =
        [
            ("drop", noRoom, "there was no room for a new entry, and the packet was dropped"),
            ("early_drop", early, "entries were thrown out to make room"),
            ("insert_failed", failed, "two packets raced for the same entry, or no source port was free for masquerading, and the packet was dropped"),
        ];
        return lines
            .Where(static line => line.Increase is { Amount: > 0 })
            .Select(static line => $"{line.Name} rose by {Text.Number(line.Increase!.Value.Amount)} ({Text.Rate(line.Increase.Value.Rate)}): {line.Meaning}.");
    }
}
