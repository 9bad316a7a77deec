using System.Globalization;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Entries over limit, and entries thrown out to make room.</summary>
public sealed class ConntrackTablePressureRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "conntrack-table-pressure";

    // From this share on, half-closed entries are what fills the table (kubernetes/kubernetes#97377).
    private const double CloseWaitShare = 0.2;

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "the conntrack table is nearly full",
        What = """
            The table holds at most nf_conntrack_max entries. When it is full, the kernel drops an unassured entry to make room, and when it
            finds none, it drops the packet: new connections time out, to any pod of the node.
            """,
        Why = "With a full table new connections are dropped at random: connect time-outs and 502s for every pod of the node.",
        Seen = "Entries over limit, and entries that were dropped early to make room.",
        Levels =
        [
            new(Severity.Warning, $"from Diagnosis:TablePressureWarning ({HumanText.Percent(Thresholds.Default.TablePressureWarning)}) on"),
            new(
                Severity.Critical,
                $"from Diagnosis:TablePressureCritical ({HumanText.Percent(Thresholds.Default.TablePressureCritical)}) on, or entries were "
                + $"dropped early in the last {HumanText.Duration(CounterIncrease.Window)}"),
        ],
        Needs = [SourceNames.Conntrack],
        Checks =
        [
            new("entries and limit", "sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max"),
            new("what fills it", "conntrack -L -p tcp 2>/dev/null | awk '{print $4}' | sort | uniq -c | sort -rn"),
            new("drops", "conntrack -S"),
            new("the kernel's complaint", "dmesg | grep 'nf_conntrack: table full'"),
        ],
        Fixes =
        [
            new("kube-proxy flags", "--conntrack-max-per-core=65536 --conntrack-min=262144", FixPlace.WithKubeProxy, FixReach.HostTable),
            .. SysctlFixes.Of("sysctl", "net.netfilter.nf_conntrack_max", "$LIMIT", FixPlace.Anywhere),
            new(
                "sysctl, when established entries of dead peers fill it",
                "sysctl -w net.netfilter.nf_conntrack_tcp_timeout_established=86400",
                FixPlace.NodeShell,
                FixReach.HostTable),
        ],
        References =
        [
            "https://docs.kernel.org/networking/nf_conntrack-sysctl.html",
            "https://github.com/kubernetes/kubernetes/issues/97377",
        ],
    };

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
            $"{HumanText.Count(entries)} of {HumanText.Count(limit)} entries are in use ({HumanText.Percent(fill)}); warning from "
            + $"{HumanText.Percent(context.Options.TablePressureWarning)}, critical from "
            + $"{HumanText.Percent(context.Options.TablePressureCritical)}.",
        };
        if (earlyDrops > 0)
        {
            evidence.Add($"{HumanText.Count(earlyDrops)} entries were dropped early to make room.");
        }

        AddLargest(evidence, table);
        yield return Explanation.Report(
            critical ? Severity.Critical : Severity.Warning,
            FindingSubject.Node(context.Current),
            $"the conntrack table is {HumanText.Percent(fill)} full: "
            + $"{(critical ? "new connections are dropped, or about to be" : "new connections will be dropped when it is full")}",
            evidence,
            entries,
            null,
            ("LIMIT", (limit * 2).ToString(CultureInfo.InvariantCulture)));
    }

    private static void AddLargest(List<string> evidence, ConntrackSummary table)
    {
        if (table.Flows is not { Total: > 0 } flows)
        {
            return;
        }

        var largest = flows.Counts.Take(3).Select(static count => $"{count.Protocol}{(count.State.Length > 0 ? " " : "")}{count.State} "
            + $"{HumanText.Count(count.Count)}");
        evidence.Add($"Most of it: {string.Join(", ", largest)}.");
        if (flows.HalfClosed.CloseWait > flows.Total * CloseWaitShare)
        {
            evidence.Add($"{HumanText.Percent((double)flows.HalfClosed.CloseWait / flows.Total)} of the entries are close_wait: "
                + "applications do not close what their peers closed. Repair those (closewatch explain close-wait-leak) rather than "
                + "shortening the timeout.");
        }
    }
}
