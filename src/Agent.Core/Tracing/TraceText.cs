using System.Globalization;
using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.Core.Reporting;

namespace Agent.Core.Tracing;

/// <summary>Ends as lines for people: when, what, after how long idle, whose, and with whom.</summary>
/// <param name="style">What the place can show.</param>
public sealed class TraceText(TextStyle style)
{
    /// <summary>Marks an end of which nobody can say whether a request was lost with it.</summary>
    public const string MaybeMark = " ?";

    // The longest is LOST unread_at_close.
    private const int WhatWidth = 20;
    private const int IdleWidth = 6;

    /// <summary>The titles of the columns.</summary>
    public string Header => style.Paint(
        $"{"TIME (UTC)",-12} {"WHAT",-WhatWidth} {"IDLE",IdleWidth} WHO < CLIENT, WHO > SERVER", Tone.Muted);

    /// <summary>One end.</summary>
    public string Line(in JudgedEnd end)
    {
        var time = end.At.UtcDateTime.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);
        var (what, tone) = What(end);
        var idle = end.Idle is { } known ? HumanText.Duration(known) : "-";
        var padding = new string(' ', Math.Max(0, WhatWidth - what.Length));
        return $"{time} {style.Paint(what, tone)}{padding} {idle,IdleWidth} {Who(end)}";
    }

    private static (string What, Tone Tone) What(in JudgedEnd end) => end.Loss switch
    {
        LossCause.None => (EndNames.Of(end.Kind), Tone.Plain),
        LossCause.Unknown => (EndNames.Of(end.Kind) + MaybeMark, Tone.Warning),
        _ => ($"LOST {EndNames.Of(end.Loss)}", Tone.Critical),
    };

    private string Who(in JudgedEnd end)
    {
        var pod = style.Fit(HumanText.Printable(end.Pod.DisplayName));
        var peer = end.Tuple.Destination.ToString(end.Tuple.DestinationPort);
        return end.Role == EndRole.Server
            ? string.Create(CultureInfo.InvariantCulture, $"{pod}:{end.Tuple.SourcePort} < {peer}")
            : $"{pod} > {peer}";
    }
}
