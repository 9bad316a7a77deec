using System.Globalization;
using System.Runtime.CompilerServices;

namespace Agent.Core.Reporting.Html;

/// <summary>
/// Writes HTML. Only the literal parts of the interpolated strings in this program's source are markup; every value put
/// into them is escaped. There is no other way to write, so nothing can be forgotten.
/// </summary>
internal sealed class HtmlWriter(TextWriter output)
{
    private TextWriter Output => output;

    /// <summary>Writes markup: <c>Markup($"&lt;td&gt;{name}&lt;/td&gt;")</c>.</summary>
    /// <returns>This writer.</returns>
    public HtmlWriter Markup([InterpolatedStringHandlerArgument("")] ref MarkupHandler markup)
    {
        // The handler has written every part by the time it arrives here.
        _ = markup;
        return this;
    }

    /// <summary>Writes this program's own style sheet or script, which must not be escaped.</summary>
    public void Asset(HtmlAsset asset) => output.Write(asset.Text);

    /// <summary>Receives the parts of an interpolated string.</summary>
    [InterpolatedStringHandler]
    public readonly ref struct MarkupHandler
    {
        private readonly TextWriter _output;

        public MarkupHandler(int literalLength, int formattedCount, HtmlWriter writer)
        {
            _ = (literalLength, formattedCount);
            _output = writer.Output;
        }

        public void AppendLiteral(string markup) => _output.Write(markup);

        public void AppendFormatted(string? text) => HtmlText.Write(_output, text);

        public void AppendFormatted<T>(T value, string? format = null)
            where T : IFormattable => HtmlText.Write(_output, value.ToString(format, CultureInfo.InvariantCulture));
    }
}
