using System.Buffers;
using System.Text;
using Agent.Core.Reporting;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Core.Reporting;

public sealed class ReportGoldenTests
{
    private static readonly ReportOptions s_details = new() { Details = true };

    [Fact]
    public void Text_RichSnapshot_IsAsBefore() => Golden.Check("report-rich.txt", Text(ReportSamples.Rich(s_details)));

    [Fact]
    public void Text_OfTheRunningAgent_ShowsRatesAndSinceWhen() => Golden.Check("report-window.txt", Text(Followed()));

    [Fact]
    public void Text_OnePodWideTerminal_IsAsBefore() =>
        Golden.Check("report-pod-wide.txt", Text(ReportSamples.Rich(new() { Pod = "cart-0", Connections = 1, Details = true }), new(120)));

    [Fact]
    public void Text_EmptySnapshot_IsAsBefore() => Golden.Check("report-empty.txt", Text(ReportSamples.Empty()));

    [Fact]
    public void Text_Ascii_HasNoOtherCharacters()
    {
        var text = Text(ReportSamples.Rich(s_details), new(80, Unicode: false));
        Golden.Check("report-ascii.txt", text);
        Assert.DoesNotContain(text, static character => character is > '~' or (< ' ' and not '\n'));
    }

    [Fact]
    public void Text_Quiet_HasTheVerdictOnly() => Golden.Check("report-quiet.txt", Text(ReportSamples.Rich(new() { Quiet = true })));

    [Fact]
    public void Markdown_RichSnapshot_IsAsBefore() => Golden.Check("report-rich.md", MarkdownReport.Render(Document(ReportSamples.Rich(s_details))));

    [Fact]
    public void Json_RichSnapshot_IsAsBefore() => Golden.Check("report-rich.json", Json(ReportSamples.Followed()));

    [Fact]
    public void Markdown_OfTheRunningAgent_SaysTheSame()
    {
        var text = MarkdownReport.Render(Document(Followed()));
        Assert.Contains("- **Scan:** by the running agent, 7s ago (closewatch report --fresh scans now)\n", text, StringComparison.Ordinal);
        Assert.Contains("Subject: pod shop/web-7d4b9c6f5-x2x5p · seen for 12m\n", text, StringComparison.Ordinal);
        Assert.Contains("Subject: node node-7 · first seen now\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_ScannedByTheCommand_SaysWhy() => Assert.Contains(
        "\nScan     by this command: no agent runs at 127.0.0.1:9742\n",
        Text(ReportSamples.Rich() with { Options = s_details, Origin = ReportOrigin.Command(TimeSpan.Zero, "no agent runs at 127.0.0.1:9742") }),
        StringComparison.Ordinal);

    [Fact]
    public void Json_EmptySnapshot_IsAsBefore() => Golden.Check("report-empty.json", Json(ReportSamples.Empty()));

    private static ReportInput Followed() => ReportSamples.Followed() with { Options = s_details };

    internal static string Json(ReportInput input)
    {
        var buffer = new ArrayBufferWriter<byte>();
        JsonReport.Write(ReportView.Create(input), buffer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n";
    }

    internal static string Text(ReportInput input, TextStyle? style = null) => TextReport.Render(Document(input), style ?? new());

    internal static ReportDocument Document(ReportInput input) => ReportDocumentBuilder.Build(ReportView.Create(input));
}
