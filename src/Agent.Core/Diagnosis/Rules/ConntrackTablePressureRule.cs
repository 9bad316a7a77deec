using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Entries over limit, and entries thrown out to make room.</summary>
public sealed class ConntrackTablePressureRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "conntrack-table-pressure";

    // From this share on, half-closed entries are what fills the table (kubernetes/kubernetes#97377).
    private const double CloseWaitShare = 0.2;

    private static readonly FindingFix s_dns = new(
        "DNS, in the pods that fill the table with queries",
        "dnsConfig: {options: [{name: ndots, value: \"1\"}]}   # no search list for full names; and run NodeLocal DNSCache");

    private static readonly FindingFix s_reuse = new(
        "the clients that fill it with TIME_WAIT",
        "reuse connections to that destination: http.Agent({keepAlive: true}), MaxIdleConnsPerHost, a pool; and meanwhile "
        + "sysctl -w net.netfilter.nf_conntrack_tcp_timeout_time_wait=30");

    private static readonly FindingFix s_established = new(
        "sysctl, when established entries of dead peers fill it",
        "sysctl -w net.netfilter.nf_conntrack_tcp_timeout_established=86400",
        FixPlace.NodeShell,
        FixReach.HostTable);

    private static readonly FindingFix s_unanswered = new(
        "entries without an answer",
        "find out what the pod scans or cannot reach; and meanwhile "
        + "sysctl -w net.netfilter.nf_conntrack_tcp_timeout_syn_sent=30 net.netfilter.nf_conntrack_udp_timeout=10");

    private static readonly ImmutableArray<FindingFix> s_limit =
    [
        new("kube-proxy flags", "--conntrack-max-per-core=65536 --conntrack-min=262144", FixPlace.WithKubeProxy, FixReach.HostTable),
        .. SysctlFixes.Of("sysctl", "net.netfilter.nf_conntrack_max", "$LIMIT", FixPlace.Anywhere),
    ];

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
        Seen = "Entries over limit, and entries that were dropped early to make room; whose the entries are, and to where, from the dump.",
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
            new("who fills it", "conntrack -L 2>/dev/null | grep -o 'src=[^ ]*' | sort | uniq -c | sort -rn | head"),
            new("drops", "conntrack -S"),
            new("the kernel's complaint", "dmesg | grep 'nf_conntrack: table full'"),
        ],
        Fixes = [s_dns, s_reuse, s_unanswered, .. s_limit, s_established],
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
        if (TableText.Lowered(fill) is { } lowered)
        {
            evidence.Add(lowered);
        }

        if (earlyDrops > 0)
        {
            evidence.Add($"{HumanText.Count(earlyDrops)} entries were dropped early to make room.");
        }

        AddLargest(evidence, table);
        evidence.AddRange(TableText.Users(table));
        if (TableText.FullIn(table) is { } fullIn)
        {
            evidence.Add(fullIn);
        }

        yield return Explanation.Report(
            critical ? Severity.Critical : Severity.Warning,
            FindingSubject.Node(context.Current),
            $"the conntrack table is {HumanText.Percent(fill)} full: "
            + $"{(critical ? "new connections are dropped, or about to be" : "new connections will be dropped when it is full")}",
            evidence,
            entries,
            FixesFor(table),
            ("LIMIT", TableText.RoomyLimit(table)));
    }

    /// <summary>What fits those that fill the table, then the limit.</summary>
    internal static IEnumerable<FindingFix> FixesFor(ConntrackSummary table)
    {
        if (TableText.Any(table, static entries => entries.Dns))
        {
            yield return s_dns;
        }

        if (TableText.Any(table, static entries => entries.TimeWait))
        {
            yield return s_reuse;
        }

        if (TableText.Any(table, static entries => entries.Unreplied))
        {
            yield return s_unanswered;
        }

        foreach (var fix in s_limit)
        {
            yield return fix;
        }

        if (table.Flows is null || TableText.Any(table, static entries => entries.Established))
        {
            yield return s_established;
        }
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
