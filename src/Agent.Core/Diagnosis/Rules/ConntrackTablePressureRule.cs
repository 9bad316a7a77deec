using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Entries over limit, and entries thrown out to make room.</summary>
public sealed class ConntrackTablePressureRule : IFindingRule
{
    // From this share on, half-closed entries are what fills the table (kubernetes/kubernetes#97377).
    private const double CloseWaitShare = 0.2;

    /// <inheritdoc/>
    public string Id => FindingIds.ConntrackTablePressure;

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        if (context.Current.Conntrack is not { Entries: { } entries, Limit: { } limit, FillRatio: { } fill } table)
        {
            yield break;
        }

        var earlyDrops = CounterIncrease.OfNode(context, static snapshot => snapshot.Conntrack?.Statistics?.EarlyDrop)?.Amount ?? 0;
        if (fill < context.Options.TablePressureWarning && earlyDrops == 0)
        {
            yield break;
        }

        var critical = fill >= context.Options.TablePressureCritical || earlyDrops > 0;
        var evidence = new List<string>
        {
            $"{Text.Number(entries)} of {Text.Number(limit)} entries are in use ({Text.Percent(fill)}); warning from {Text.Percent(context.Options.TablePressureWarning)}, critical from {Text.Percent(context.Options.TablePressureCritical)}.",
        };
        if (earlyDrops > 0)
        {
            evidence.Add($"{Text.Number(earlyDrops)} entries were dropped early to make room.");
        }

        AddLargest(evidence, table);
        yield return FindingCatalog.Get(Id).Report(
            critical ? Severity.Critical : Severity.Warning,
            FindingSubject.Node(context.Current),
            $"the conntrack table is {Text.Percent(fill)} full: {(critical ? "new connections are dropped, or about to be" : "new connections will be dropped when it is full")}",
            evidence,
            entries,
            null,
            ("LIMIT", (limit * 2).ToString(System.Globalization.CultureInfo.InvariantCulture)));
    }

    private static void AddLargest(List<string> evidence, ConntrackSummary table)
    {
        if (table.Flows is not { Total: > 0 } flows)
        {
            return;
        }

        var largest = flows.Counts.Take(3).Select(static count => $"{count.Protocol}{(count.State.Length > 0 ? " " : "")}{count.State} {Text.Number(count.Count)}");
        evidence.Add($"Most of it: {string.Join(", ", largest)}.");
        if (flows.HalfClosed.CloseWait > flows.Total * CloseWaitShare)
        {
            evidence.Add($"{Text.Percent((double)flows.HalfClosed.CloseWait / flows.Total)} of the entries are close_wait: applications do not close what their peers closed. Repair those (closewatch explain close-wait-leak) rather than shortening the timeout.");
        }
    }
}
