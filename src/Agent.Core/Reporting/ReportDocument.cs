using System.Collections.Immutable;
using Agent.Core.Diagnosis;

namespace Agent.Core.Reporting;

/// <summary>
/// A report as content without form: what the text and the markdown report print. Strings are free of control characters.
/// </summary>
/// <param name="Head">The verdict: all that <c>--quiet</c> leaves.</param>
/// <param name="Summary">What to know next: what to do first, which node and when, what could not be seen.</param>
/// <param name="Sections">The rest, most important first.</param>
public sealed record ReportDocument(ReportHead Head, ImmutableArray<ReportFact> Summary, ImmutableArray<ReportSection> Sections);

/// <summary>The first block of a report.</summary>
/// <param name="Verdict">Whether anything fails; <see cref="Diagnosis.Verdict.Info"/> never stands here: notes make nothing fail.</param>
/// <param name="Text">One line: what happens, on which node.</param>
/// <param name="When">Clock time and age of the scan.</param>
/// <param name="Detail">One line: what was lost, how many causes there are, what was read.</param>
/// <param name="First">What to type first; null where nothing is to be done, or where it stands close below.</param>
public sealed record ReportHead(Verdict Verdict, string Text, string When, string Detail, ReportStep? First = null);

/// <summary>A labelled line.</summary>
/// <param name="Label">For example <c>Do first</c>.</param>
/// <param name="Text">The line.</param>
/// <param name="Tone">How it is meant.</param>
public sealed record ReportFact(string Label, string Text, Tone Tone = Tone.Plain);

/// <summary>A part of a report under a title.</summary>
/// <param name="Title">Empty for what needs none.</param>
/// <param name="Blocks">What is in it.</param>
/// <param name="IsBrief">True for a part of the report on one screen, which has no room for rules.</param>
/// <param name="IsOfHead">True for what stands right below the verdict, without a line between them.</param>
public sealed record ReportSection(string Title, ImmutableArray<ReportBlock> Blocks, bool IsBrief = false, bool IsOfHead = false);

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

/// <summary>Labelled lines.</summary>
public sealed record FactsBlock(ImmutableArray<ReportFact> Facts) : ReportBlock;

/// <summary>What to do about each cause.</summary>
public sealed record ActionsBlock(ImmutableArray<ReportAction> Actions) : ReportBlock;

/// <summary>What to do about one cause.</summary>
/// <param name="Number">The number of the cause; 0 for what belongs to none.</param>
/// <param name="Steps">The best first.</param>
public sealed record ReportAction(int Number, ImmutableArray<ReportStep> Steps);

/// <summary>A step.</summary>
/// <param name="Label">Where it is done, or what for.</param>
/// <param name="Text">A setting or a command to be pasted, never broken; several lines keep theirs.</param>
/// <param name="IsText">True for a sentence, which may be broken.</param>
public sealed record ReportStep(string Label, string Text, bool IsText = false);

/// <summary>A table. The first column gives way when the page is narrow: a long cell takes a line of its own. The last one wraps.</summary>
public sealed record TableBlock(
    string Caption, ImmutableArray<ReportColumn> Columns, ImmutableArray<ImmutableArray<ReportCell>> Rows) : ReportBlock;

/// <summary>A column.</summary>
/// <param name="Title">May have line breaks.</param>
/// <param name="IsNumber">Aligned to the right.</param>
/// <param name="Fit">What becomes of cells that are too long.</param>
/// <param name="IsJoined">True where the lines of a cell are one when the page is wide enough for all columns.</param>
public sealed record ReportColumn(string Title, bool IsNumber = false, ColumnFit Fit = ColumnFit.Whole, bool IsJoined = false)
{
    /// <summary>A column of text.</summary>
    public static implicit operator ReportColumn(string title) => new(title);

    /// <summary>A column of text.</summary>
    public static ReportColumn FromString(string title) => new(title);
}

/// <summary>What becomes of the cells of a column where the page is too narrow. Nothing is ever cut off.</summary>
public enum ColumnFit
{
    /// <summary>They stay in one line.</summary>
    Whole,

    /// <summary>Sentences: broken between words.</summary>
    Prose,

    /// <summary>Names of pods: broken after a dash or a slash when nothing else gives way any more.</summary>
    Name,
}

/// <summary>A cell; may have line breaks.</summary>
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
