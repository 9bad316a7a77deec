using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Reporting.Sections;

/// <summary>Half-closed connections pod by pod.</summary>
internal static class PodsSection
{
    public static ReportSection Build(ReportView view)
    {
        var blocks = ImmutableArray.CreateBuilder<ReportBlock>();
        var concerned = view.Input.Options.IsFiltered ? view.Pods : [.. view.Pods.Where(static pod => HasHalfClosed(pod.HalfClosed))];
        var shown = concerned.Take(view.Input.Options.Top ?? ReportOptions.DefaultTop).ToArray();
        if (shown.Length > 0)
        {
            blocks.Add(Table(view, shown));
        }

        blocks.Add(new TextBlock(Rest(view, concerned.Length, shown.Length), Tone.Muted));
        if (Unattributed(view) is { } unattributed)
        {
            blocks.Add(new TextBlock(unattributed, Tone.Muted));
        }

        return new("Half-closed connections by pod", blocks.ToImmutable());
    }

    private static bool HasHalfClosed(HalfClosedSummary summary) =>
        summary.Sockets > 0 || summary.Entries.Counts.Any(static count => count > 0);

    private static TableBlock Table(ReportView view, PodSnapshot[] pods) => new(
        "",
        [
            new("pod"),
            new("close\nwait", true),
            new("fin\nwait1", true),
            new("fin\nwait2", true),
            new("by\npeer", true),
            new("by\npod", true),
            new("oldest", true),
            new("expi-\nring", true),
            new("untra-\ncked", true),
            new("unread", true),
            new("ct\nhost", true),
            new("ct\npod", true),
        ],
        [.. pods.Select(pod => Row(view, pod))]);

    private static ImmutableArray<ReportCell> Row(ReportView view, PodSnapshot pod)
    {
        var half = pod.HalfClosed;
        var tracked = pod.IsTracked is not null || half.Expiring > 0 || half.Untracked > 0;
        return
        [
            HumanText.Printable(pod.Identity.DisplayName),
            new(Sockets(half.CloseWaitSockets), half.LeakedCloseWaitSockets >= view.Input.Thresholds.LeakCount ? Tone.Warning : Tone.Plain),
            Sockets(half.FinWait1Sockets),
            Sockets(half.FinWait2Sockets),
            Sockets(half.ClosedByPeer),
            Sockets(half.ClosedByPod),
            half.Sockets == 0 ? "" : HumanText.Duration(half.Oldest),
            new(tracked ? Sockets(half.Expiring) : HumanText.Unknown, half.Expiring > 0 ? Tone.Warning : Tone.Plain),
            new(tracked ? Sockets(half.Untracked) : HumanText.Unknown, half.Untracked > 0 ? Tone.Critical : Tone.Plain),
            view.SocketsKnown ? HumanText.Bytes(half.UnreadBytes) : HumanText.Unknown,
            view.FlowsKnown ? HumanText.Count(half.Entries.Sum(ConntrackTableKind.Host)) : HumanText.Unknown,
            !pod.OwnTableIsKnown && half.Entries.Sum(ConntrackTableKind.Pod) == 0
                ? HumanText.Unknown
                : HumanText.Count(half.Entries.Sum(ConntrackTableKind.Pod)),
        ];

        string Sockets(long count) => view.SocketsKnown ? HumanText.Count(count) : HumanText.Unknown;
    }

    private static string Rest(ReportView view, int concerned, int shown)
    {
        var total = view.Pods.Length;
        if (concerned == 0)
        {
            return !view.SocketsKnown && !view.FlowsKnown ? "Neither sockets nor the conntrack table could be read."
                : !view.SocketsKnown ? "Sockets could not be read, so what is half-closed is known from the conntrack table only."
                : total == 0 ? "No pod and no network namespace was found."
                : $"None of {HumanText.Count(total, "pod or namespace", "pods and namespaces")} has a half-closed connection.";
        }

        var hidden = concerned - shown;
        var quiet = total - concerned;
        return string.Join(
            ", ",
            new[]
            {
                hidden > 0 ? $"{HumanText.Count(hidden)} more with half-closed connections (--top N shows more)" : "",
                quiet > 0 ? $"{HumanText.Count(quiet)} without any" : "",
            }.Where(static part => part.Length > 0).DefaultIfEmpty($"All {HumanText.Count(total)} pods and namespaces"))
            + ". ct: half-closed entries in the table of the host, and in the pod's own.";
    }

    private static string? Unattributed(ReportView view)
    {
        if (view.Input.Options.IsFiltered)
        {
            return null;
        }

        var sockets = view.Snapshot.UnattributedHalfClosedSockets ?? 0;
        var flows = view.Snapshot.UnattributedHalfClosedFlows is { } counts ? counts.FinWait + counts.CloseWait : 0;
        return sockets == 0 && flows == 0 ? null
            : $"Of nobody known: {HumanText.Count(sockets, "half-closed socket")}, "
                + $"{HumanText.Count(flows, "half-closed entry", "half-closed entries")}.";
    }
}
