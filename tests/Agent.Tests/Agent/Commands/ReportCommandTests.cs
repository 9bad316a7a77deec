using System.Text.Json;
using Agent.Commands;
using Agent.Core.Diagnosis;
using Agent.Core.Model;
using Agent.Reporting;
using Agent.Tests.Core.Reporting;
using Xunit;

namespace Agent.Tests.Agent.Commands;

public sealed class ReportCommandTests
{
    [Fact]
    public async Task Report_Text_BeginsWithTheVerdict()
    {
        var line = new CommandLine();

        Assert.Equal(ExitCode.Done, await line.RunAsync("report"));
        Assert.StartsWith("CRITICAL  requests are being lost on node-7 now ", line.Output, StringComparison.Ordinal);
        Assert.Empty(line.Error);
        Assert.True(((FakeNodeScanner)line.Scanner).IsDisposed);
    }

    [Fact]
    public async Task Report_Json_IsOneDocument()
    {
        var line = new CommandLine();

        Assert.Equal(ExitCode.Done, await line.RunAsync("report", "-o", "json"));
        using var document = JsonDocument.Parse(line.Output);
        Assert.Equal("closewatch.report/v1", document.RootElement.GetProperty("schema").GetString());
    }

    [Theory]
    [InlineData("markdown", "# CRITICAL: ")]
    [InlineData("html", "<!DOCTYPE html>")]
    public async Task Report_OtherFormats_AreWritten(string format, string start)
    {
        var line = new CommandLine();

        Assert.Equal(ExitCode.Done, await line.RunAsync("report", "--output", format));
        Assert.StartsWith(start, line.Output, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("critical", ExitCode.FindingsAtOrAbove)]
    [InlineData("warning", ExitCode.FindingsAtOrAbove)]
    [InlineData("info", ExitCode.FindingsAtOrAbove)]
    public async Task FailOn_WorstIsCritical_Exits1(string limit, int expected) => Assert.Equal(expected, await new CommandLine().RunAsync("report", "--fail-on", limit));

    [Fact]
    public async Task FailOn_NothingThatBad_Exits0()
    {
        var warning = ReportSamples.RichDiagnosis() with { Findings = [ReportSamples.RichDiagnosis().Findings[1]] };

        Assert.Equal(ExitCode.Done, await new CommandLine { Diagnosis = warning }.RunAsync("report", "--fail-on", "critical"));
        Assert.Equal(ExitCode.Done, await new CommandLine { Diagnosis = new([], new(Verdict.Ok, "nothing")) }.RunAsync("report", "--fail-on", "info"));
    }

    [Fact]
    public async Task FailOn_OtherPodSelected_LooksAtItsFindingsOnly()
    {
        var line = new CommandLine();

        Assert.Equal(ExitCode.Done, await line.RunAsync("report", "--pod", "cart-0", "--fail-on", "critical"));
        Assert.DoesNotContain("half-closed-untracked", line.Output, StringComparison.Ordinal);
        Assert.Contains("conntrack-table-pressure", line.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NothingReadable_Exits3AndSaysWhatIsMissing()
    {
        var line = CommandLine.Of(ReportSamples.Unreadable());

        Assert.Equal(ExitCode.NothingRead, await line.RunAsync("report"));
        Assert.Empty(line.Output);
        Assert.StartsWith("closewatch: nothing could be read: conntrack: CAP_NET_ADMIN is missing; sockets: /proc is hidden (hidepid); ", line.Error, StringComparison.Ordinal);
        Assert.Single(line.Error.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public async Task Window_ScansTwice()
    {
        var scanner = new FakeNodeScanner(ReportSamples.RichSnapshot(ReportSamples.Noon.AddSeconds(-10), 0), ReportSamples.RichSnapshot(ReportSamples.Noon, 1));
        var line = new CommandLine { Scanner = scanner };

        Assert.Equal(ExitCode.Done, await line.RunAsync("report", "--window", "1ms"));
        Assert.Equal(2, scanner.Scans);
        Assert.Contains("two scans 10s apart", line.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pod_NotOnThisNode_IsAnErrorWithAHint()
    {
        var line = new CommandLine();

        Assert.Equal(ExitCode.Usage, await line.RunAsync("report", "--pod", "shop/cart-1"));
        Assert.Equal("closewatch: there is no pod shop/cart-1 on node node-7; did you mean shop/cart-0?\n", line.Error);
    }

    [Theory]
    [InlineData(true, "", true)]
    [InlineData(true, "1", false)]
    [InlineData(false, "", false)]
    public async Task Colors_OnlyOnATerminalWithoutNoColor(bool isTerminal, string noColor, bool expected)
    {
        var line = new CommandLine { IsTerminal = isTerminal, Environment = new CommandLine().Environment.Add("NO_COLOR", noColor) };

        await line.RunAsync("report");

        Assert.Equal(expected, line.Output.Contains('\e', StringComparison.Ordinal));
    }

    [Fact]
    public async Task NoColorOption_OnATerminal_HasNoEscapes()
    {
        var line = new CommandLine { IsTerminal = true };

        await line.RunAsync("report", "--no-color");

        Assert.DoesNotContain('\e', line.Output);
    }

    [Theory]
    [InlineData("LANG", "C", false)]
    [InlineData("LANG", "de_DE.UTF-8", true)]
    [InlineData("LC_ALL", "POSIX", false)]
    [InlineData("LC_CTYPE", "C.utf8", true)]
    public async Task Characters_FollowTheLocale(string variable, string value, bool expected)
    {
        var line = new CommandLine { Environment = System.Collections.Immutable.ImmutableDictionary<string, string>.Empty.Add(variable, value) };

        await line.RunAsync("report");

        Assert.Equal(expected, line.Output.Any(static character => character > '~'));
    }

    [Fact]
    public async Task OrdinaryUser_ConntrackRefused_PrintsWhatItSawAndExits3()
    {
        var refused = ReportSamples.RichSnapshot(ReportSamples.Noon, 1);
        refused = refused with
        {
            Conntrack = null,
            Sources = refused.Sources.SetItem(0, new(SourceNames.Conntrack, "netlink", SourceStatus.Unavailable, "CAP_NET_ADMIN is missing", TimeSpan.Zero, 0)),
        };

        var ordinary = Readability.Check(refused, isRoot: false);
        var root = Readability.Check(refused, isRoot: true);
        var captured = Readability.Check(refused with { Node = refused.Node with { CapturedTree = true } }, isRoot: false);

        Assert.Equal(new(false, true, "the conntrack table could not be read: CAP_NET_ADMIN is missing; run it as root or with CAP_NET_ADMIN"), ordinary);
        Assert.Equal(new(false, false, ""), root);
        Assert.Equal(new(false, false, ""), captured);
        Assert.Equal(ExitCode.Done, await new CommandLine().RunAsync("report", "--quiet"));
    }
}
