using System.Collections.Immutable;
using System.Text;

namespace Agent.Core.Reporting;

/// <summary>
/// Lays a table out in a given width without losing a character of it: a first cell that is too
/// long takes a line of its own, prose and the last column wrap, names are broken where nothing else gives way.
/// </summary>
internal sealed class TextTable
{
    private const int ReadableColumn = 24;
    private const int ReadableName = 18;

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
        _widths = Widths(_rows);
        var available = style.Width - indent.Length;
        var joined = _rows.Select(row => row.Select(Joined).ToArray()).ToArray();
        if (Widths(joined) is var wide && wide.Sum() + (2 * (wide.Length - 1)) <= available)
        {
            (_rows, _widths) = (joined, wide);
        }

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

    private int[] Widths(ReportCell[][] rows) => [.. _columns.Select((column, index) => Math.Max(
        column.Title.Split('\n').Max(static line => line.Length),
        rows.Length == 0 ? 0 : rows.Max(row => row[index].Text.Split('\n').Max(static line => line.Length))))];

    private ReportCell Joined(ReportCell cell, int column) =>
        _columns[column].IsJoined ? cell with { Text = cell.Text.Replace('\n', ' ') } : cell;

    /// <summary>
    /// Takes what is too much from prose, then from names; where no column gives way, from the last one when that is text, otherwise from
    /// the first.
    /// </summary>
    private void Shrink(int available)
    {
        Shrink(available, ColumnFit.Prose, ReadableColumn);
        Shrink(available, ColumnFit.Name, ReadableName);
        Shrink(available, ColumnFit.Prose, ReadableName);
        var excess = _widths.Sum() - available;
        if (excess <= 0 || _widths.Length < 2 || _columns.Any(static column => column.Fit != ColumnFit.Whole))
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

    private void Shrink(int available, ColumnFit fit, int least)
    {
        for (var i = 0; i < _widths.Length; i++)
        {
            if (_columns[i].Fit == fit && _widths.Sum() - available is var excess and > 0)
            {
                _widths[i] = Math.Max(Math.Min(_widths[i], least), _widths[i] - excess);
            }
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
        var cells = row.Select(LinesOf).ToArray();
        if (cells[0] is [var first] && first.Length > _widths[0])
        {
            output.Append(_indent).Append(_style.Paint(first, row[0].Tone)).Append('\n');
            cells[0] = [""];
        }

        for (var i = 0; i < cells.Max(static lines => lines.Count); i++)
        {
            var line = new StringBuilder(_indent);
            foreach (var (column, lines) in cells.Index())
            {
                var text = i < lines.Count ? lines[i] : "";
                var padding = new string(' ', Math.Max(0, _widths[column] - text.Length));
                var painted = _style.Paint(text, row[column].Tone);
                line.Append(column == 0 ? "" : _gap).Append(_columns[column].IsNumber ? padding + painted : painted + padding);
            }

            output.Append(line.ToString().TrimEnd()).Append('\n');
        }
    }

    private List<string> LinesOf(ReportCell cell, int column) => _columns[column].Fit switch
    {
        ColumnFit.Name => TextWrap.NameLines(cell.Text, _widths[column]),
        ColumnFit.Whole when column < _columns.Length - 1 || column == 0 => [.. cell.Text.Split('\n')],
        _ => TextWrap.Lines(cell.Text, _widths[column]),
    };

    private string Align(string text, int column) =>
        _columns[column].IsNumber ? text.PadLeft(_widths[column]) : text.PadRight(_widths[column]);
}
