namespace Agent.Core.Reporting.Html;

/// <summary>A data table that scrolls sideways by itself on a narrow screen, with the keyboard too.</summary>
internal static class HtmlTable
{
    /// <summary>Opens it, up to and with the row of headings.</summary>
    /// <param name="html">Where to.</param>
    /// <param name="id">Unique in the page.</param>
    /// <param name="caption">What the table shows.</param>
    /// <param name="sortable">True to let the page's script add sorting.</param>
    /// <param name="columns">The columns; a text is the heading of one that holds no numbers.</param>
    public static void Open(HtmlWriter html, string id, string caption, bool sortable, params ReadOnlySpan<ReportColumn> columns)
    {
        html.Markup($"""<div class="scroll" role="region" aria-labelledby="{id}" tabindex="0">""");
        html.Markup($"""<table class="{(sortable ? "sortable" : "fixed")}"><caption id="{id}"><span>{caption}</span></caption>""");
        html.Markup($"<thead><tr>");
        foreach (var column in columns)
        {
            html.Markup($"""<th scope="col" class="{(column.IsNumber ? "number" : "text")}">{column.Title}</th>""");
        }

        html.Markup($"</tr></thead><tbody>");
    }

    /// <summary>A column of numbers.</summary>
    public static ReportColumn Number(string title) => new(title, IsNumber: true);

    /// <summary>A count; a zero and what is unknown stay in the background.</summary>
    public static void Count(HtmlWriter html, long? value, string level = "") =>
        Number(html, value ?? -1, value is null ? "–" : HtmlFormat.Count(value), value is null or 0 ? "quiet" : level);

    /// <summary>A duration, sorted by its length.</summary>
    public static void Duration(HtmlWriter html, TimeSpan? value, string prefix = "", string level = "") =>
        Number(
            html, value?.TotalSeconds ?? -1, value is null ? "–" : prefix + HtmlFormat.Duration(value), value is null ? "quiet" : level);

    /// <summary>Any other number, with what it is sorted by.</summary>
    public static void Number(HtmlWriter html, double sort, string text, string level = "") =>
        html.Markup($"""<td class="number {level}" data-sort="{sort:0.###}">{text}</td>""");

    /// <summary>Closes it.</summary>
    public static void Close(HtmlWriter html) => html.Markup($"</tbody></table></div>");
}
