using System.Buffers;
using System.Text;
using Agent.Core.Reporting;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Core.Reporting;

public sealed class ReportGoldenTests
{
    [Fact]
    public void Text_RichSnapshot_IsAsBefore() => Golden.Check("report-rich.txt", Text(ReportSamples.Rich()));

    [Fact]
    public void Text_TwoScans_ShowsRates() => Golden.Check("report-window.txt", Text(ReportSamples.Rich(window: true)));

    [Fact]
    public void Text_OnePodWideTerminal_IsAsBefore() =>
        Golden.Check("report-pod-wide.txt", Text(ReportSamples.Rich(new() { Pod = "cart-0", Connections = 1 }), new(120)));

    [Fact]
    public void Text_EmptySnapshot_IsAsBefore() => Golden.Check("report-empty.txt", Text(ReportSamples.Empty()));

    [Fact]
    public void Text_Ascii_HasNoOtherCharacters()
    {
        var text = Text(ReportSamples.Rich(), new(80, Unicode: false));
        Golden.Check("report-ascii.txt", text);
        Assert.DoesNotContain(text, static character => character is > '~' or (< ' ' and not '\n'));
    }

    [Fact]
    public void Text_Quiet_HasVerdictAndFindingsOnly() => Golden.Check("report-quiet.txt", Text(ReportSamples.Rich(new() { Quiet = true })));

    [Fact]
    public void Markdown_RichSnapshot_IsAsBefore() => Golden.Check("report-rich.md", MarkdownReport.Render(Document(ReportSamples.Rich())));

    [Fact]
    public void Json_RichSnapshot_IsAsBefore() => Golden.Check("report-rich.json", Json(ReportSamples.Rich(window: true)));

    [Fact]
    public void Json_EmptySnapshot_IsAsBefore() => Golden.Check("report-empty.json", Json(ReportSamples.Empty()));

    internal static string Json(ReportInput input)
    {
        var buffer = new ArrayBufferWriter<byte>();
        JsonReport.Write(ReportView.Create(input), buffer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n";
    }

    internal static string Text(ReportInput input, TextStyle? style = null) => TextReport.Render(Document(input), style ?? new());

    internal static ReportDocument Document(ReportInput input) => ReportDocumentBuilder.Build(ReportView.Create(input));
}
