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
    public void Text_OfTheRunningAgent_ShowsRatesAndSinceWhen() => Golden.Check("report-window.txt", Text(ReportSamples.Followed()));

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
    public void Json_RichSnapshot_IsAsBefore() => Golden.Check("report-rich.json", Json(ReportSamples.Followed()));

    [Fact]
    public void Markdown_OfTheRunningAgent_SaysTheSame()
    {
        var text = MarkdownReport.Render(Document(ReportSamples.Followed()));
        Assert.Contains("- **Scan:** by the running agent, 7.3s ago (closewatch report --fresh scans now)\n", text, StringComparison.Ordinal);
        Assert.Contains("Subject: pod shop/web-7d4b9c6f5-x2x5p · seen for 12m\n", text, StringComparison.Ordinal);
        Assert.Contains("Subject: node node-7 · first seen now\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_ScannedByTheCommand_SaysWhy() => Assert.Contains(
        "\nScan     by this command: no agent runs at 127.0.0.1:9742\n",
        Text(ReportSamples.Rich() with { Origin = ReportOrigin.Command(TimeSpan.Zero, "no agent runs at 127.0.0.1:9742") }),
        StringComparison.Ordinal);

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
