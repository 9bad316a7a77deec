using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.Core.Reporting;

namespace Agent.Core.Tracing;

/// <summary>Counts what a trace has shown, by pod, port and kind.</summary>
public sealed class TraceSummary
{
    /// <summary>How many rows are told apart; what comes beyond is counted in one.</summary>
    public const int MaxRows = 1000;

    /// <summary>How many rows are printed, those with lost requests first: they fit one screen with the shell's prompt.</summary>
    public const int MaxPrintedRows = 16;

    private static readonly Key s_others = new("(others)", EndRole.Server, 0, EndKind.Other);

    private readonly Dictionary<Key, Counts> _rows = [];

    /// <summary>Ends shown.</summary>
    public long Ends { get; private set; }

    /// <summary>Lost requests shown.</summary>
    public long Lost { get; private set; }

    /// <summary>Ends shown of which nobody can say whether a request was lost.</summary>
    public long Maybe { get; private set; }

    /// <summary>Ends that happened and were not shown.</summary>
    public TraceNotice NotShown { get; private set; }

    /// <summary>Counts one end. A correction is none of its own: only its loss is new.</summary>
    /// <param name="end">The end.</param>
    /// <param name="correctsShown">
    /// False when the end that it corrects was not shown, as with <c>--lost</c>: then it counts as an end, too.
    /// </param>
    public void Add(in JudgedEnd end, bool correctsShown)
    {
        var key = new Key(end.Pod.DisplayName, end.Role, end.ServerPort, end.Kind);
        if (!_rows.TryGetValue(key, out var counts))
        {
            key = _rows.Count < MaxRows ? key : s_others;
            counts = _rows.GetValueOrDefault(key);
        }

        var isEnd = !(end.IsCorrection && correctsShown);
        var isLost = end.Loss is not (LossCause.None or LossCause.Unknown);
        Ends += isEnd ? 1 : 0;
        Lost += isLost ? 1 : 0;
        Maybe += end.Loss == LossCause.Unknown ? 1 : 0;
        _rows[key] = new(counts.Ends + (isEnd ? 1 : 0), counts.Lost + (isLost ? 1 : 0));
    }

    /// <summary>Notes what is missing.</summary>
    public void Add(TraceNotice notice) => NotShown = new(
        NotShown.Missed + notice.Missed, NotShown.Skipped + notice.Skipped, notice.WatchedShare ?? NotShown.WatchedShare);

    /// <summary>The summary as text.</summary>
    /// <param name="watched">How long was watched.</param>
    /// <param name="style">What the place can show.</param>
    public string ToText(TimeSpan watched, TextStyle style)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{HumanText.Count(Ends, "end")} in {HumanText.Duration(watched)}, ");
        if (NotShown.WatchedShare is { } share and < 0.995)
        {
            text.Append(CultureInfo.InvariantCulture, $"watched {HumanText.Percent(share)} of the time, ");
        }

        text.Append(CultureInfo.InvariantCulture, $"{HumanText.Count(Lost, "request")} lost");
        if (Maybe > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $", {HumanText.Count(Maybe)} more cannot be told ({TraceText.MaybeMark.Trim()})");
        }

        text.Append('\n');
        var rows = InOrder();
        if (rows.Length > 0)
        {
            new TextTable(Table(rows[..Math.Min(rows.Length, MaxPrintedRows)]), style, "").Write(text);
        }

        if (rows.Length > MaxPrintedRows)
        {
            var rest = rows[MaxPrintedRows..];
            var (ends, lost) = (rest.Sum(static row => row.Value.Ends), rest.Sum(static row => row.Value.Lost));
            text.Append(CultureInfo.InvariantCulture, $"{HumanText.Count(rest.Length)} more: {HumanText.Count(ends, "end")}, ");
            text.Append(CultureInfo.InvariantCulture, $"{HumanText.Count(lost, "request")} lost. --pod, --port and --lost narrow it.\n");
        }

        return text.ToString();
    }

    private KeyValuePair<Key, Counts>[] InOrder() =>
    [
        .. from row in _rows
           orderby row.Key == s_others, row.Value.Lost descending, row.Value.Ends descending, row.Key.Pod, row.Key.Port, row.Key.Kind
           select row,
    ];

    private static TableBlock Table(IEnumerable<KeyValuePair<Key, Counts>> rows) => new(
        "",
        [new("POD"), new("PORT", IsNumber: true), new("END"), new("ENDS", IsNumber: true), new("LOST", IsNumber: true)],
        [.. rows.Select(static row => row.Key.ToCells(row.Value))]);

    private readonly record struct Key(string Pod, EndRole Role, ushort Port, EndKind Kind)
    {
        public ImmutableArray<ReportCell> ToCells(Counts counts) =>
        [
            HumanText.Printable(Pod),
            string.Create(CultureInfo.InvariantCulture, $"{(Role == EndRole.Client ? ">" : "")}{Port}"),
            EndNames.Of(Kind),
            HumanText.Count(counts.Ends),
            new(counts.Lost == 0 ? "" : HumanText.Count(counts.Lost), Tone.Critical),
        ];
    }

    private readonly record struct Counts(long Ends, long Lost);
}
