using Agent.Core.Model;
using Agent.Kernel.Conntrack;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Increments of drop, early_drop and insert_failed.</summary>
public sealed class ConntrackDropsRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "conntrack-drops";

    // Lost races of DNS packets raise insert_failed now and then on every healthy node.
    private const double InsertFailedWarningRate = 1;
    private const ulong InsertFailedSinceBootWorthSaying = 10;

    // Ports of one translated address clash by chance long before they run out; with fewer entries that is rare.
    private const long CrowdedTranslations = 5000;

    private static readonly FindingFix s_limit = new(
        "sysctl, when drop or early_drop rises",
        "sysctl -w net.netfilter.nf_conntrack_max=$LIMIT",
        FixPlace.NodeShell,
        FixReach.HostTable);
    private static readonly FindingFix s_masquerade = new(
        "masquerading, when insert_failed rises",
        "iptables -t nat -A POSTROUTING -j MASQUERADE --random-fully   # all ports, at random, as kube-proxy does since 1.16; "
        + "no --to-ports",
        FixPlace.NodeShell);
    private static readonly FindingFix s_dns = new(
        "DNS, when insert_failed rises",
        "options: [{name: single-request-reopen}]   # in the pod's dnsConfig, or run NodeLocal DNSCache",
        FixPlace.Pod);

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "the tracker refuses or drops connections",
        What = """
            Each counter is another reason. drop: no room for a new entry. early_drop: an entry was thrown out to make room. insert_failed:
            two packets raced to create the same entry, or no free port was left for masquerading; one packet was dropped.
            """,
        Why = "Every refused insertion is a packet lost: a connection that takes seconds longer to open, or a DNS query that times out.",
        Seen = $"Increments of the counters in the last {HumanText.Duration(CounterIncrease.Window)}.",
        Levels =
        [
            new(
                Severity.Info,
                $"insert_failed rises by less than {HumanText.Rate(InsertFailedWarningRate)}; in a single scan, totals since boot "
                + $"(insert_failed from {InsertFailedSinceBootWorthSaying} on)"),
            new(Severity.Warning, $"early_drop rises, or insert_failed by at least {HumanText.Rate(InsertFailedWarningRate)}"),
            new(Severity.Critical, "drop rises by more than insert_failed, whose packets it counts too"),
        ],
        Needs = [SourceNames.ConntrackStats],
        Checks =
        [
            new("the counters for each CPU", "conntrack -S"),
            new("the same without the tool", "cat /proc/net/stat/nf_conntrack"),
        ],
        Fixes = [s_limit, s_masquerade, s_dns],
        References =
        [
            "https://docs.kernel.org/networking/nf_conntrack-sysctl.html",
            "https://github.com/kubernetes/kubernetes/issues/56903",
        ],
        FollowsFrom =
        [
            new(ConntrackTablePressureRule.Id, CauseReach.Node),
            new(SnatPortPressureRule.Id, CauseReach.Node),
        ],
    };

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context) =>
        context.Current.Conntrack?.Statistics is { } totals && (Increase(context) ?? SinceBoot(context, totals)) is { } finding
            ? [finding]
            : [];

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
        var isFull = noRoom is { Amount: > 0 } || early is { Amount: > 0 };
        var isRacing = failed is { Amount: > 0 };
        return Report(
            context,
            severity,
            $"the connection tracker refused or dropped {HumanText.Count(sum)} packets or entries in {HumanText.Duration(over)}",
            [.. Lines(noRoom, early, failed), .. Users(context.Current.Conntrack!, isFull, isRacing)],
            sum,
            Fixes(context.Current.Conntrack!, isFull, isRacing));
    }

    /// <summary>Those that fill a full table; where entries clash, those that share most ports of one translated address.</summary>
    private static IEnumerable<string> Users(ConntrackSummary table, bool isFull, bool isRacing)
    {
        if (isFull)
        {
            return TableText.Users(table);
        }

        return isRacing && table.Flows?.Use.Translated is [{ Entries: >= CrowdedTranslations } crowded, ..]
            ? [$"Most source-translated entries: {SnatPortPressureRule.Describe(crowded)}."]
            : [];
    }

    private static IEnumerable<FindingFix> Fixes(ConntrackSummary table, bool isFull, bool isRacing)
    {
        if (isFull)
        {
            yield return s_limit;
            foreach (var fix in ConntrackTablePressureRule.FixesFor(table).Where(static fix => fix.Reaches == FixReach.Subject))
            {
                yield return fix;
            }
        }

        if (isRacing)
        {
            yield return s_masquerade;
            yield return s_dns;
        }
    }

    // A packet whose entry clashes is counted in insert_failed and, when it is then dropped, in drop as well (nf_ct_resolve_clash).
    private static CounterIncrease? WithoutClashes(CounterIncrease? drop, CounterIncrease? failed) =>
        drop is { } all ? all with { Amount = all.Amount - Math.Min(all.Amount, failed?.Amount ?? 0) } : null;

    private Finding? SinceBoot(DiagnosisContext context, ConntrackStatistics totals)
    {
        var isWorthSaying = (totals.Drop ?? 0) + (totals.EarlyDrop ?? 0) > 0 || totals.InsertFailed >= InsertFailedSinceBootWorthSaying;
        if (!context.Earlier.IsEmpty || !isWorthSaying)
        {
            return null;
        }

        return Report(
            context,
            Severity.Info,
            "the connection tracker has refused or dropped packets since boot",
            [
                $"Since boot: drop {HumanText.Count(totals.Drop ?? 0)}, early_drop {HumanText.Count(totals.EarlyDrop ?? 0)}, insert_failed "
                + $"{HumanText.Count(totals.InsertFailed ?? 0)}.",
                CounterIncrease.RunTwice,
            ],
            0,
            Explanation.Fixes);
    }

    private Finding Report(
        DiagnosisContext context,
        Severity severity,
        string title,
        IEnumerable<string> evidence,
        ulong victims,
        IEnumerable<FindingFix> fixes) => Explanation.Report(
        severity,
        FindingSubject.Node(context.Current),
        title,
        evidence,
        (long)victims,
        fixes,
        ("LIMIT", TableText.RoomyLimit(context.Current.Conntrack)));

    private static IEnumerable<string> Lines(CounterIncrease? noRoom, CounterIncrease? early, CounterIncrease? failed)
    {
        (string Name, CounterIncrease? Increase, string Meaning)[] lines =
        [
            ("drop", noRoom, "there was no room for a new entry, and the packet was dropped"),
            ("early_drop", early, "entries were thrown out to make room"),
            ("insert_failed", failed, "two packets raced for the same entry, or no source port was free for masquerading, and the "
                + "packet was dropped"),
        ];
        return lines
            .Where(static line => line.Increase is { Amount: > 0 })
            .Select(static line => $"{line.Name} rose by {HumanText.Count(line.Increase!.Value.Amount)} "
                + $"({HumanText.Rate(line.Increase.Value.Rate)}): {line.Meaning}.");
    }
}
