using System.Collections.Immutable;
using System.Globalization;
using Agent.Core.Diagnosis;
using Agent.Core.Model;

namespace Agent.Core.Reporting.Sections;

/// <summary>How long conntrack remembers, here and in the pods, against what is recommended.</summary>
internal static class TimeoutsSection
{
    /// <summary>
    /// The kernel's defaults in seconds. Sources: nf_conntrack_proto_tcp.c (tcp_timeouts), nf_conntrack_proto_udp.c,
    /// nf_conntrack_proto_generic.c, nf_conntrack_proto_icmp.c.
    /// </summary>
    private static readonly ImmutableSortedDictionary<string, long> s_kernelDefaults = new Dictionary<string, long>
    {
        ["tcp_timeout_syn_sent"] = 120,
        ["tcp_timeout_syn_recv"] = 60,
        ["tcp_timeout_established"] = 432_000,
        ["tcp_timeout_fin_wait"] = 120,
        ["tcp_timeout_close_wait"] = 60,
        ["tcp_timeout_last_ack"] = 30,
        ["tcp_timeout_time_wait"] = 120,
        ["tcp_timeout_close"] = 10,
        ["tcp_timeout_max_retrans"] = 300,
        ["tcp_timeout_unacknowledged"] = 300,
        ["udp_timeout"] = 30,
        ["udp_timeout_stream"] = 120,
        ["icmp_timeout"] = 30,
        ["icmpv6_timeout"] = 30,
        ["generic_timeout"] = 600,
    }.ToImmutableSortedDictionary(StringComparer.Ordinal);

    public static ReportSection? Build(ReportView view)
    {
        var blocks = ImmutableArray.CreateBuilder<ReportBlock>();
        if (view.Snapshot.HostSettings is { } host)
        {
            blocks.Add(Host(view, host));
            var others = host.Timeouts
                .Where(static pair => !s_kernelDefaults.ContainsKey(pair.Key))
                .Select(static pair => $"{pair.Key} {Seconds(pair.Value)}")
                .ToArray();
            if (others.Length > 0)
            {
                blocks.Add(new TextBlock($"Others: {string.Join(", ", others)}", Tone.Muted));
            }
        }

        blocks.AddRange(Pods(view));
        return blocks.Count == 0 ? null : new("Timeouts", blocks.ToImmutable());
    }

    private static TableBlock Host(ReportView view, NetfilterSettings host)
    {
        var recommended = RecommendedTimeouts.Of(view.Input.Thresholds);
        var rows = host.Timeouts.Where(static pair => s_kernelDefaults.ContainsKey(pair.Key)).Select(pair =>
        {
            var usual = s_kernelDefaults[pair.Key];
            var wanted = recommended.TryGetValue(pair.Key, out var value) ? value : (long?)null;
            var (note, tone) = wanted is { } known && pair.Value < known ? ("< too short", Tone.Warning)
                : wanted is not null ? ("as recommended", Tone.Good)
                : pair.Value != usual ? ("* changed", Tone.Notice)
                : ("", Tone.Plain);
            return ImmutableArray.Create<ReportCell>(
                pair.Key, new(Seconds(pair.Value), tone), wanted is { } w ? Seconds(w) : "", Seconds(usual), new(note, tone));
        });
        return new("", [new("host"), new("value", true), new("recom-\nmended", true), new("kernel\ndefault", true), new("")], [.. rows]);
    }

    private static IEnumerable<ReportBlock> Pods(ReportView view)
    {
        var host = view.Snapshot.HostSettings;
        var rows =
            from pod in view.Pods
            where pod.Settings is not null
            from pair in pod.Settings!.Timeouts
            let hostValue = host?.Get(pair.Key)
            where hostValue != pair.Value
            select (pod, pair, hostValue);
        var differing = rows.ToArray();
        if (differing.Length == 0)
        {
            yield break;
        }

        // The timeout that this program is about first; the others are many and seldom matter.
        var shown = differing
            .OrderBy(static row => row.pair.Key == NetfilterSettings.CloseWait ? 0 : 1)
            .Take(view.Input.Options.Top ?? ReportOptions.DefaultTop)
            .ToArray();
        yield return new TableBlock(
            "Pods whose own namespace differs from the host",
            [new("pod"), new("timeout"), new("pod", true), new("host", true)],
            [
                .. shown.Select(row => ImmutableArray.Create<ReportCell>(
                    HumanText.Printable(row.pod.Identity.DisplayName),
                    row.pair.Key,
                    new(Seconds(row.pair.Value), IsShort(view, row.pair) ? Tone.Warning : Tone.Notice),
                    row.hostValue is { } value ? Seconds(value) : HumanText.Unknown)),
            ]);
        if (shown.Length < differing.Length)
        {
            yield return new TextBlock(
                $"{HumanText.Count(differing.Length - shown.Length)} more differences: "
                + $"--top {differing.Length.ToString(CultureInfo.InvariantCulture)} shows all.",
                Tone.Muted);
        }
    }

    private static bool IsShort(ReportView view, KeyValuePair<string, long> timeout) =>
        RecommendedTimeouts.Of(view.Input.Thresholds).TryGetValue(timeout.Key, out var wanted) && timeout.Value < wanted;

    private static string Seconds(long seconds) => HumanText.Seconds(seconds);
}
