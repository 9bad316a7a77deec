using System.Collections.Immutable;
using Agent.Core.Diagnosis;

namespace Agent.Core.Reporting;

/// <summary>
/// A report as content without form: what the text and the markdown report print. Strings are free of control characters.
/// </summary>
/// <param name="Headline">The verdict, and one line that a tired person understands.</param>
/// <param name="Summary">What to know next: what to do first, which node and when, what could not be seen.</param>
/// <param name="Sections">The rest, most important first.</param>
public sealed record ReportDocument(Headline Headline, ImmutableArray<ReportFact> Summary, ImmutableArray<ReportSection> Sections);

/// <summary>A labelled line.</summary>
/// <param name="Label">For example <c>Do first</c>.</param>
/// <param name="Text">The line.</param>
/// <param name="Tone">How it is meant.</param>
public sealed record ReportFact(string Label, string Text, Tone Tone = Tone.Plain);

/// <summary>A part of a report under a title.</summary>
public sealed record ReportSection(string Title, ImmutableArray<ReportBlock> Blocks);

/// <summary>Something in a section.</summary>
public abstract record ReportBlock;

/// <summary>A paragraph.</summary>
public sealed record TextBlock(string Text, Tone Tone = Tone.Plain) : ReportBlock;

/// <summary>How full something is.</summary>
/// <param name="Label">What.</param>
/// <param name="Ratio">0 to 1.</param>
/// <param name="Text">The numbers.</param>
/// <param name="Tone">How it is meant.</param>
public sealed record GaugeBlock(string Label, double Ratio, string Text, Tone Tone) : ReportBlock;

/// <summary>Counts with a bar each, relative to the largest.</summary>
public sealed record BarsBlock(string Caption, ImmutableArray<ReportBar> Bars) : ReportBlock;

/// <summary>One count.</summary>
public sealed record ReportBar(string Label, long Count, Tone Tone = Tone.Plain);

/// <summary>A table. The first column gives way when the page is narrow: a long cell takes a line of its own. The last one wraps.</summary>
public sealed record TableBlock(
    string Caption, ImmutableArray<ReportColumn> Columns, ImmutableArray<ImmutableArray<ReportCell>> Rows) : ReportBlock;

/// <summary>A column.</summary>
/// <param name="Title">May have line breaks.</param>
/// <param name="IsNumber">Aligned to the right.</param>
public sealed record ReportColumn(string Title, bool IsNumber = false)
{
    /// <summary>A column of text.</summary>
    public static implicit operator ReportColumn(string title) => new(title);

    /// <summary>A column of text.</summary>
    public static ReportColumn FromString(string title) => new(title);
}

/// <summary>A cell.</summary>
public sealed record ReportCell(string Text, Tone Tone = Tone.Plain)
{
    /// <summary>A cell in the plain tone.</summary>
    public static implicit operator ReportCell(string text) => new(text);

    /// <summary>A cell in the plain tone.</summary>
    public static ReportCell FromString(string text) => new(text);
}

/// <summary>A finding.</summary>
/// <param name="Number">Its place, from 1.</param>
/// <param name="Finding">The finding, its strings made safe to print.</param>
/// <param name="Seen">For how long it has been seen, see <see cref="FindingText.Seen"/>; empty when not known.</param>
public sealed record FindingBlock(int Number, Finding Finding, string Seen) : ReportBlock;

/// <summary>How something is meant; a renderer may show it as a colour.</summary>
public enum Tone
{
    /// <summary>Nothing special.</summary>
    Plain,

    /// <summary>Less important.</summary>
    Muted,

    /// <summary>As it should be.</summary>
    Good,

    /// <summary>Worth a look.</summary>
    Notice,

    /// <summary>Will do harm.</summary>
    Warning,

    /// <summary>Does harm.</summary>
    Critical,
}
