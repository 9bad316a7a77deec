using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Increments of the invalid counter, with tcp_be_liberal.</summary>
public sealed class ConntrackInvalidPacketsRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "conntrack-invalid-packets";

    private const double WarningRate = 1;
    private const ulong SinceBootWorthSaying = 10;

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "packets are judged invalid",
        What = """
            A packet that fits no tracked connection, or lies outside its window, is marked INVALID. kube-proxy's rules drop such packets;
            without them they pass untranslated and the receiver answers with a reset.
            """,
        Why = "A dropped or untranslated packet of a living connection stalls or resets it: uploads that hang, 'connection reset by peer'.",
        Seen = $"""
            Increments of the invalid counter in the last {HumanText.Duration(CounterIncrease.Window)}, with nf_conntrack_tcp_be_liberal. A
            few are normal: late packets of closed connections.
            """,
        Levels =
        [
            new(Severity.Info, $"fewer, or tcp_be_liberal is on; in a single scan, the total since boot, from {SinceBootWorthSaying} on"),
            new(Severity.Warning, $"at least {HumanText.Rate(WarningRate)}, and tcp_be_liberal is 0 or could not be read"),
        ],
        Needs = [SourceNames.ConntrackStats],
        Checks =
        [
            new("the counter", "conntrack -S | grep -o 'invalid=[0-9]*'"),
            new("the setting", "sysctl net.netfilter.nf_conntrack_tcp_be_liberal"),
            new("which packets, in the kernel log", "sysctl -w net.netfilter.nf_conntrack_log_invalid=6"),
            new("what kube-proxy drops", "iptables -t filter -L KUBE-FORWARD -v -n | grep INVALID"),
        ],
        Fixes =
        [
            new("sysctl", "sysctl -w net.netfilter.nf_conntrack_tcp_be_liberal=1", FixPlace.NodeShell, FixReach.HostTable),
            new(
                "kube-proxy configuration (1.29 or newer)",
                "conntrack: {tcpBeLiberal: true}",
                FixPlace.WithKubeProxy with { FromKubernetesMinor = 29 },
                FixReach.HostTable),
        ],
        References =
        [
            "https://github.com/kubernetes/kubernetes/issues/74839",
            "https://docs.kernel.org/networking/nf_conntrack-sysctl.html",
        ],
    };

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        if (context.Current.Conntrack?.Statistics?.Invalid is not { } total)
        {
            yield break;
        }

        var liberal = context.Current.HostSettings?.Get("tcp_be_liberal");
        var setting = liberal switch
        {
            null => "tcp_be_liberal could not be read.",
            0 => "tcp_be_liberal is 0: packets outside the window count as invalid.",
            _ => "tcp_be_liberal is on: only packets that fit no connection at all, and resets outside the window, count as invalid.",
        };

        if (CounterIncrease.OfNode(context, static snapshot => snapshot.Conntrack?.Statistics?.Invalid) is { } increase)
        {
            if (increase.Amount > 0)
            {
                yield return Explanation.Report(
                    increase.Rate >= WarningRate && liberal is null or 0 ? Severity.Warning : Severity.Info,
                    FindingSubject.Node(context.Current),
                    $"{HumanText.Count(increase.Amount)} packets were judged invalid in {HumanText.Duration(increase.Over)}: kube-proxy "
                    + "drops these, connections stall or are reset",
                    [$"invalid rose by {HumanText.Count(increase.Amount)} ({HumanText.Rate(increase.Rate)}); "
                        + $"{HumanText.Count(total)} since boot.", setting],
                    (long)increase.Amount);
            }
        }
        else if (total >= SinceBootWorthSaying)
        {
            yield return Explanation.Report(
                Severity.Info,
                FindingSubject.Node(context.Current),
                $"{HumanText.Count(total)} packets have been judged invalid since boot",
                [$"invalid is {HumanText.Count(total)} since boot.", setting, CounterIncrease.RunTwice]);
        }
    }
}
