using System.Collections.Immutable;
using System.Text;

namespace Agent.Core.Reporting;

/// <summary>
/// Lays a table out in a given width without losing a character of it: a first cell that is too
/// long takes a line of its own, the last column wraps.
/// </summary>
internal sealed class TextTable
{
    private const int ReadableColumn = 24;

    private readonly TextStyle _style;
    private readonly string _indent;
    private readonly ImmutableArray<ReportColumn> _columns;
    private readonly ReportCell[][] _rows;
    private readonly int[] _widths;
    private readonly string _gap;

    public TextTable(TableBlock table, TextStyle style, string indent)
    {
        _style = style;
        _indent = indent;
        _columns = [.. table.Columns.Select(column => column with { Title = style.Fit(column.Title) })];
        _rows = [.. table.Rows.Select(row => row.Select(cell => cell with { Text = style.Fit(cell.Text) }).ToArray())];
        _widths = [.. _columns.Select((column, index) => Math.Max(
            column.Title.Split('\n').Max(static line => line.Length),
            _rows.Length == 0 ? 0 : _rows.Max(row => row[index].Text.Length)))];
        var available = style.Width - indent.Length;
        _gap = _widths.Sum() + (2 * (_widths.Length - 1)) <= available ? "  " : " ";
        Shrink(available - (_gap.Length * (_widths.Length - 1)));
    }

    public void Write(StringBuilder output)
    {
        WriteHeader(output);
        foreach (var row in _rows)
        {
            WriteRow(output, row);
        }
    }

    /// <summary>Takes what is too much from the last column when that is prose, otherwise from the first.</summary>
    private void Shrink(int available)
    {
        var excess = _widths.Sum() - available;
        if (excess <= 0 || _widths.Length < 2)
        {
            return;
        }

        if (!_columns[^1].IsNumber && _widths[^1] - excess >= ReadableColumn)
        {
            _widths[^1] -= excess;
            return;
        }

        var taken = Math.Min(excess, Math.Max(0, _widths[0] - 2));
        _widths[0] -= taken;
        if (!_columns[^1].IsNumber)
        {
            _widths[^1] = Math.Max(Math.Min(_widths[^1], ReadableColumn), _widths[^1] - (excess - taken));
        }
    }

    private void WriteHeader(StringBuilder output)
    {
        var titles = _columns.Select(static column => column.Title.Split('\n')).ToArray();
        var height = titles.Max(static lines => lines.Length);
        for (var i = 0; i < height; i++)
        {
            // Aligned to the bottom, next to the values.
            var line = titles.Select((lines, index) => Align(i - (height - lines.Length) is var at && at >= 0 ? lines[at] : "", index));
            output.Append(_indent).Append(_style.Paint(string.Join(_gap, line).TrimEnd(), Tone.Muted)).Append('\n');
        }
    }

    private void WriteRow(StringBuilder output, ReportCell[] row)
    {
        var first = row[0];
        if (first.Text.Length > _widths[0])
        {
            output.Append(_indent).Append(_style.Paint(first.Text, first.Tone)).Append('\n');
            first = first with { Text = "" };
        }

        var last = TextWrap.Lines(row[^1].Text, _widths[^1]);
        var line = new StringBuilder(_indent);
        for (var i = 0; i < row.Length; i++)
        {
            var cell = i == 0 ? first : row[i];
            var text = i == row.Length - 1 && i > 0 ? last[0] : cell.Text;
            var aligned = Align(text, i);
            if (i == row.Length - 1)
            {
                aligned = aligned.TrimEnd();
            }

            line.Append(i == 0 ? "" : _gap)
                .Append(text.Length == 0 ? aligned : aligned.Replace(text, _style.Paint(text, cell.Tone), StringComparison.Ordinal));
        }

        output.Append(line.ToString().TrimEnd()).Append('\n');
        if (row.Length < 2)
        {
            return;
        }

        var margin = _indent + new string(' ', _widths[..^1].Sum() + (_gap.Length * (_widths.Length - 1)));
        foreach (var more in last.Skip(1))
        {
            output.Append(margin).Append(_style.Paint(more, row[^1].Tone)).Append('\n');
        }
    }

    private string Align(string text, int column) =>
        _columns[column].IsNumber ? text.PadLeft(_widths[column]) : text.PadRight(_widths[column]);
}
