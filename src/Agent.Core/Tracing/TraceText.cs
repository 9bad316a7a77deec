using System.Globalization;
using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.Core.Reporting;

namespace Agent.Core.Tracing;

/// <summary>Ends as lines for people: when, what, after how long idle, whose, and with whom.</summary>
/// <param name="style">What the place can show.</param>
/// <param name="mayWrap">
/// True on a terminal: where an end does not fit the width, the peer takes a line of its own below. Elsewhere an end is one line.
/// </param>
public sealed class TraceText(TextStyle style, bool mayWrap = false)
{
    /// <summary>Marks an end of which nobody can say whether a request was lost with it.</summary>
    public const string MaybeMark = " ?";

    // The longest is LOST unread_at_close.
    private const int WhatWidth = 20;
    private const int IdleWidth = 6;
    private const int TimeWidth = 12;
    private const int WhoColumn = TimeWidth + WhatWidth + IdleWidth + 3;

    /// <summary>The titles of the columns.</summary>
    public string Header => style.Paint(
        $"{"TIME (UTC)",-TimeWidth} {"WHAT",-WhatWidth} {"IDLE",IdleWidth} WHO < CLIENT, WHO > SERVER", Tone.Muted);

    /// <summary>One end.</summary>
    public string Line(in JudgedEnd end)
    {
        var time = end.At.UtcDateTime.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);
        var (what, tone) = What(end);
        var idle = end.Idle is { } known ? HumanText.Duration(known) : "-";
        var padding = new string(' ', Math.Max(0, WhatWidth - what.Length));
        var (pod, peer) = Who(end);
        var isLong = mayWrap && WhoColumn + 1 + pod.Length + peer.Length > style.Width;
        var between = isLong ? "\n" + new string(' ', Math.Max(0, Math.Min(WhoColumn + 2, style.Width - peer.Length))) : " ";
        return $"{time} {style.Paint(what, tone)}{padding} {idle,IdleWidth} {pod}{between}{peer}";
    }

    private static (string What, Tone Tone) What(in JudgedEnd end) => end.Loss switch
    {
        LossCause.None => (EndNames.Of(end.Kind), Tone.Plain),
        LossCause.Unknown => (EndNames.Of(end.Kind) + MaybeMark, Tone.Warning),
        _ => ($"LOST {EndNames.Of(end.Loss)}", Tone.Critical),
    };

    private (string Pod, string Peer) Who(in JudgedEnd end)
    {
        var pod = style.Fit(HumanText.Printable(end.Pod.DisplayName));
        var peer = end.Tuple.Destination.ToString(end.Tuple.DestinationPort);
        return end.Role == EndRole.Server
            ? (string.Create(CultureInfo.InvariantCulture, $"{pod}:{end.Tuple.SourcePort}"), $"< {peer}")
            : (pod, $"> {peer}");
    }
}
