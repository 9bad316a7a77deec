namespace Agent.Core.Diagnosis.Rules;

/// <summary>Increments of the invalid counter, with tcp_be_liberal.</summary>
public sealed class ConntrackInvalidPacketsRule : IFindingRule
{
    private const double WarningRate = 1;
    private const ulong SinceBootWorthSaying = 10;

    /// <inheritdoc/>
    public string Id => FindingIds.ConntrackInvalidPackets;

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
                yield return FindingCatalog.Get(Id).Report(
                    increase.Rate >= WarningRate && liberal is null or 0 ? Severity.Warning : Severity.Info,
                    FindingSubject.Node(context.Current),
                    $"{Text.Number(increase.Amount)} packets were judged invalid in {Text.Duration(increase.Over)}: kube-proxy drops these, connections stall or are reset",
                    [$"invalid rose by {Text.Number(increase.Amount)} ({Text.Rate(increase.Rate)}); {Text.Number(total)} since boot.", setting],
                    (long)increase.Amount);
            }
        }
        else if (total >= SinceBootWorthSaying)
        {
            yield return FindingCatalog.Get(Id).Report(
                Severity.Info,
                FindingSubject.Node(context.Current),
                $"{Text.Number(total)} packets have been judged invalid since boot",
                [$"invalid is {Text.Number(total)} since boot.", setting, Text.RunTwice]);
        }
    }
}
