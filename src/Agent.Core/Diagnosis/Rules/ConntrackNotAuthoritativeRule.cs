using Agent.Core.Model;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Connections that conntrack does not see.</summary>
public sealed class ConntrackNotAuthoritativeRule : IFindingRule
{
    private const int NamesShown = 3;

    /// <inheritdoc/>
    public string Id => FindingIds.ConntrackNotAuthoritative;

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        var snapshot = context.Current;
        if (!snapshot.HasSource(SourceNames.Conntrack) || !snapshot.HasSource(SourceNames.Sockets))
        {
            yield break;
        }

        // Pods of one bridge talk past the host's table even where everything else is tracked, so one tracked pod is enough to trust it.
        var judged = snapshot.Pods.Where(static pod => pod is { Identity.Kind: not PodKind.Host, HostNetwork: false, IsTracked: not null }).ToList();
        var bypassing = judged.Where(static pod => pod.IsTracked == false && pod.Tcp?[TcpState.Established] > 0).ToList();
        if (bypassing.Count == 0 || judged.Any(static pod => pod.IsTracked == true))
        {
            yield break;
        }

        var connections = bypassing.Sum(static pod => pod.Tcp?[TcpState.Established] ?? 0);
        var names = string.Join(", ", bypassing.Take(NamesShown).Select(static pod => pod.Identity.DisplayName));
        var evidence = new List<string>
        {
            $"{Text.Count(connections, "established connection")} of {names}{(bypassing.Count > NamesShown ? $" and {bypassing.Count - NamesShown} more" : "")} without any conntrack entry.",
        };
        if (snapshot.Conntrack?.Flows is { } flows)
        {
            evidence.Add($"The host's table holds {Text.Number(flows.Total)} entries.");
        }

        evidence.Add("Findings about conntrack's timeouts do not concern these connections; those about sockets do.");
        yield return FindingCatalog.Get(Id).Report(
            Severity.Info,
            FindingSubject.Node(snapshot),
            "this node's connections bypass conntrack (eBPF datapath, NOTRACK or plain routing): what conntrack says is not about them",
            evidence,
            connections);
    }
}
