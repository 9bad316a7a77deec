using System.Collections.Immutable;
using Agent.Core.Model;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Net;

namespace Agent.Core.Reporting.Sections;

/// <summary>Half-closed entries of the host's table, those whose socket is not known one by one.</summary>
internal static class HalfClosedFlowsSection
{
    public static ReportSection? Build(ReportView view)
    {
        if (view.Snapshot.Conntrack?.Flows is not { } flows || view.Input.Options.IsFiltered)
        {
            return null;
        }

        var counts = flows.HalfClosed;
        if (counts.FinWait + counts.CloseWait == 0)
        {
            return null;
        }

        var blocks = ImmutableArray.CreateBuilder<ReportBlock>();
        blocks.Add(new TextBlock(
            $"{HumanText.Count(counts.CloseWait)} close_wait, {HumanText.Count(counts.FinWait)} fin_wait; closed first by the initiator "
                + $"{HumanText.Count(counts.ClosedByInitiator)}, by the responder {HumanText.Count(counts.ClosedByResponder)}, "
                + $"not told {HumanText.Count(counts.ClosedByUnknown)}."));
        var rows = WithoutSocket(view, flows).Take(Math.Max(view.Input.Options.Connections, 1)).Select(Row).ToImmutableArray();
        if (rows.Length > 0)
        {
            blocks.Add(new TableBlock(
                "Without a known socket, the first to expire",
                [new("initiator → responder"), new("state"), new("closed by"), new("left", true), new("belongs to")],
                rows));
        }

        return new("Half-closed entries in the host's table", blocks.ToImmutable());
    }

    private static IEnumerable<HalfClosedFlow> WithoutSocket(ReportView view, FlowSummary flows)
    {
        var known = new HashSet<ConnectionTuple>();
        foreach (var connection in view.Snapshot.Connections)
        {
            known.Add(connection.Tuple);
            known.Add(connection.Tuple.Reversed);
        }

        return flows.HalfClosedSample.Where(sample => !known.Contains(sample.Flow.Original) && !known.Contains(sample.Flow.Reply));
    }

    private static ImmutableArray<ReportCell> Row(HalfClosedFlow sample)
    {
        var flow = sample.Flow;
        var asked = TupleText.Arrow(flow.Original);
        // Behind a Service the responder is not who was asked.
        var answered = flow.Reply.Source != flow.Original.Destination || flow.Reply.SourcePort != flow.Original.DestinationPort
            ? $" ({flow.Reply.Source.ToString(flow.Reply.SourcePort)})" : "";
        return
        [
            asked + answered,
            StateNames.Of(flow.TcpState),
            flow.OriginalClosedFirst switch { true => "initiator", false => "responder", null => HumanText.Unknown },
            flow.Has(ConntrackFields.Timeout) ? HumanText.Duration(TimeSpan.FromSeconds(flow.TimeoutSeconds)) : HumanText.Unknown,
            Owners(sample),
        ];
    }

    private static string Owners(HalfClosedFlow sample) => (sample.Initiator, sample.Responder) switch
    {
        (null, null) => "nobody on this node",
        ({ } initiator, null) => HumanText.Printable(initiator.DisplayName),
        (null, { } responder) => HumanText.Printable(responder.DisplayName),
        ({ } initiator, { } responder) => HumanText.Printable($"{initiator.DisplayName} → {responder.DisplayName}"),
    };
}
