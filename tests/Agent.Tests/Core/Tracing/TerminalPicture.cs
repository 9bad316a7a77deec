using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace Agent.Tests.Core.Tracing;

/// <summary>What a terminal shows, as SVG: text with the colours of ECMA-48 SGR that <c>TextStyle</c> uses.</summary>
internal static partial class TerminalPicture
{
    private const double CharacterWidth = 8.43;
    private const int LineHeight = 20;
    private const int Margin = 16;

    /// <param name="text">Lines of a terminal.</param>
    /// <param name="columns">Its width.</param>
    /// <param name="title">For those who cannot see it.</param>
    public static string Draw(string text, int columns, string title)
    {
        var lines = text.TrimEnd('\n').Split('\n');
        var width = (int)Math.Ceiling((columns * CharacterWidth) + (2 * Margin));
        var height = (lines.Length * LineHeight) + (2 * Margin);
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\">\n");
        svg.Append(CultureInfo.InvariantCulture, $"<title>{WebUtility.HtmlEncode(title)}</title>\n");
        svg.Append("<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#14181d\"/>\n");
        svg.Append("<g font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"14\" fill=\"#d7dde3\">\n");
        for (var number = 0; number < lines.Length; number++)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Margin}\" y=\"{Margin + ((number + 1) * LineHeight) - 6}\" xml:space=\"preserve\">{Spans(lines[number])}</text>\n");
        }

        return svg.Append("</g>\n</svg>\n").ToString();
    }

    private static string Spans(string line)
    {
        var spans = new StringBuilder();
        var style = "";
        foreach (Match piece in Pieces().Matches(line))
        {
            if (piece.Groups["sgr"].Success)
            {
                style = piece.Groups["sgr"].Value switch
                {
                    "1;31" => " fill=\"#ff7b72\" font-weight=\"bold\"",
                    "33" => " fill=\"#e3b341\"",
                    "36" => " fill=\"#76c7e0\"",
                    "32" => " fill=\"#7ee787\"",
                    "2" => " fill=\"#8b949e\"",
                    "1" => " font-weight=\"bold\"",
                    _ => "",
                };
                continue;
            }

            var text = WebUtility.HtmlEncode(piece.Value);
            spans.Append(style.Length == 0 ? text : $"<tspan{style}>{text}</tspan>");
        }

        return spans.ToString();
    }

    [GeneratedRegex(@"\e\[(?<sgr>[0-9;]*)m|[^\e]+", RegexOptions.ExplicitCapture)]
    private static partial Regex Pieces();
}
