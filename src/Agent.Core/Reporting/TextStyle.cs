namespace Agent.Core.Reporting;

/// <summary>What the place that a text report is printed to can show.</summary>
/// <param name="Width">Columns.</param>
/// <param name="Color">ANSI colours (ECMA-48 SGR).</param>
/// <param name="Unicode">False: ASCII only.</param>
public sealed record TextStyle(int Width = 80, bool Color = false, bool Unicode = true)
{
    /// <summary>The text in the colour of a tone.</summary>
    public string Paint(string text, Tone tone) => tone switch
    {
        Tone.Critical => Sgr(text, "1;31"),
        Tone.Warning => Sgr(text, "33"),
        Tone.Notice => Sgr(text, "36"),
        Tone.Good => Sgr(text, "32"),
        Tone.Muted => Sgr(text, "2"),
        _ => text,
    };

    /// <summary>The text in bold.</summary>
    public string Bold(string text) => Sgr(text, "1");

    /// <summary>The text in characters that can be shown.</summary>
    public string Fit(string text)
    {
        if (Unicode || text.AsSpan().IndexOfAnyExceptInRange('\0', '~') < 0)
        {
            return text;
        }

        return string.Concat(text.EnumerateRunes().Select(static rune => rune.Value switch
        {
            <= '~' => rune.ToString(),
            '→' => "->",
            '·' => "|",
            '…' => "...",
            '–' or '—' or '─' => "-",
            '≥' => ">=",
            '≤' => "<=",
            '×' => "x",
            '’' or '‘' => "'",
            '“' or '”' => "\"",
            '█' => "#",
            '░' => ".",
            _ => "?",
        }));
    }

    private string Sgr(string text, string parameters) => Color && text.Length > 0 ? $"\e[{parameters}m{text}\e[0m" : text;
}
