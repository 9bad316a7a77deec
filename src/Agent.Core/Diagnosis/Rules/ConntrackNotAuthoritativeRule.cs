using Agent.Core.Model;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Connections that conntrack does not see.</summary>
public sealed class ConntrackNotAuthoritativeRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "conntrack-not-authoritative";

    private const int NamesShown = 3;

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "traffic bypasses conntrack",
        What = """
            Sockets are connected and the tracker knows none of them: an eBPF datapath (Cilium in place of kube-proxy), NOTRACK rules, or
            plain routing without any rule that needs tracking. Nothing is wrong with that. It only means that conntrack's timeouts and
            counters are not about this traffic.
            """,
        Why = "Conntrack's timeouts do not apply to this traffic, so look at the sockets, and at the datapath's own tables.",
        Seen = "Established sockets without any entry, in every pod whose connections could be looked up.",
        Levels =
        [
            new(Severity.Info, "always"),
        ],
        Needs = [SourceNames.Conntrack, SourceNames.Sockets],
        Checks =
        [
            new("entries against sockets", "conntrack -C; ss -s"),
            new("NOTRACK rules", "iptables -t raw -S | grep -E 'NOTRACK|--notrack'; nft list ruleset | grep notrack"),
            new("Cilium's own tables", "kubectl -n kube-system exec ds/cilium -- cilium-dbg bpf ct list global"),
        ],
        Fixes =
        [
            new("Cilium, its own timeouts", "cilium config set bpf-ct-timeout-regular-tcp-fin 1h", FixPlace.Of(FixPlatform.Cilium)),
            new("closewatch, to leave the tracker alone", "closewatch run --Collection:Conntrack=off"),
        ],
        References = ["https://docs.cilium.io/en/stable/network/kubernetes/kubeproxy-free/"],
    };

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        var snapshot = context.Current;
        if (!snapshot.HasSource(SourceNames.Conntrack) || !snapshot.HasSource(SourceNames.Sockets))
        {
            yield break;
        }

        // Pods of one bridge talk past the host's table even where everything else is tracked, so one tracked pod is enough to trust it.
        var judged = snapshot.Pods
            .Where(static pod => pod is { Identity.Kind: not PodKind.Host, HostNetwork: false, IsTracked: not null })
            .ToList();
        var bypassing = judged.Where(static pod => pod.IsTracked == false && pod.Tcp?[TcpState.Established] > 0).ToList();
        if (bypassing.Count == 0 || judged.Any(static pod => pod.IsTracked == true))
        {
            yield break;
        }

        var connections = bypassing.Sum(static pod => pod.Tcp?[TcpState.Established] ?? 0);
        var names = string.Join(", ", bypassing.Take(NamesShown).Select(static pod => pod.Identity.DisplayName));
        var evidence = new List<string>
        {
            $"{HumanText.Count(connections, "established connection")} of "
            + $"{names}{(bypassing.Count > NamesShown ? $" and {bypassing.Count - NamesShown} more" : "")} without any conntrack entry.",
        };
        if (snapshot.Conntrack?.Flows is { } flows)
        {
            evidence.Add($"The host's table holds {HumanText.Count(flows.Total)} entries.");
        }

        evidence.Add("Findings about conntrack's timeouts do not concern these connections; those about sockets do.");
        yield return Explanation.Report(
            Severity.Info,
            FindingSubject.Node(snapshot),
            "this node's connections bypass conntrack (eBPF datapath, NOTRACK or plain routing): what conntrack says is not about them",
            evidence,
            connections);
    }
}
