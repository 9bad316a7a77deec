using Agent.Commands;
using Agent.Core.Model;
using Agent.Sources;
using Xunit;

namespace Agent.Tests.Agent.Commands;

public sealed class CommandLineTests
{
    [Fact]
    public async Task NoCommand_PrintsHelp_ExitsWithUsage()
    {
        var line = new CommandLine();

        Assert.Equal(ExitCode.Usage, await line.RunAsync());
        Assert.Contains("closewatch [command] [options]", line.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData()]
    [InlineData("report")]
    [InlineData("explain")]
    [InlineData("config")]
    [InlineData("version")]
    public async Task Help_EveryLevel_HasAnExampleAndFits(params string[] command)
    {
        var line = new CommandLine();

        Assert.Equal(ExitCode.Done, await line.RunAsync([.. command, "--help"]));
        Assert.Contains("Example", line.Output, StringComparison.Ordinal);
        Assert.All(line.Output.Split('\n'), static text => Assert.True(text.Length <= 80, text));
    }

    [Theory]
    [InlineData("unknown command reprot; did you mean report?", "reprot")]
    [InlineData("unknown command frobnicate; 'closewatch --help' lists what there is", "frobnicate", "x")]
    [InlineData("unknown option --outptu; did you mean --output?", "report", "--outptu", "json")]
    [InlineData("unknown option --confg; did you mean --config?", "report", "--confg=/x")]
    [InlineData("unknown argument foo; 'closewatch config --help' lists what there is", "config", "foo")]
    [InlineData("--output jsn: is not a known value; did you mean json? it is one of text, json, markdown, html", "report", "-o", "jsn")]
    [InlineData("--fail-on criticl: is not a known value; did you mean critical? it is one of info, warning, critical", "report", "--fail-on", "criticl")]
    [InlineData("--top -1: is out of range; must be from 0 to 2147483647", "report", "--top", "-1")]
    [InlineData("--window soon: is not a duration; write for example 250ms, 15s, 1h30m, or a number of seconds", "report", "--window", "soon")]
    [InlineData("Collection:Intervall = '5s' (command line): is not a known key; did you mean Collection:Interval?", "report", "--Collection:Intervall=5s")]
    [InlineData("there is no finding conntrack-dropz; did you mean conntrack-drops?", "explain", "conntrack-dropz")]
    public async Task Mistake_IsOneLineWithAHint(string expected, params string[] arguments)
    {
        var line = new CommandLine();

        Assert.Equal(ExitCode.Usage, await line.RunAsync(arguments));
        Assert.StartsWith($"closewatch: {expected}", line.Error, StringComparison.Ordinal);
        Assert.Single(line.Error.TrimEnd('\n').Split('\n'));
        Assert.Empty(line.Output);
    }

    [Fact]
    public async Task Upstream_Mistyped_NamesTheOption()
    {
        var line = new CommandLine();

        Assert.Equal(ExitCode.Usage, await line.RunAsync("report", "--upstream", "ablx"));
        Assert.Contains("(option --upstream)", line.Error, StringComparison.Ordinal);
        Assert.Contains("did you mean alb?", line.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SeveralMistakes_AreAllListed()
    {
        var line = new CommandLine();

        Assert.Equal(ExitCode.Usage, await line.RunAsync("config", "--Collection:Interval=x", "--Metrics:MaxPods=y"));
        Assert.Equal(2, line.Error.TrimEnd('\n').Split('\n').Length);
    }

    [Fact]
    public async Task Config_ShowsValueAndOrigin()
    {
        var line = new CommandLine { Environment = new CommandLine().Environment.Add("CLOSEWATCH__Metrics__MaxPods", "7") };

        Assert.Equal(ExitCode.Done, await line.RunAsync("config", "--Diagnosis:Upstream=alb"));
        Assert.Matches("Metrics:MaxPods +7 +environment CLOSEWATCH__Metrics__MaxPods", line.Output);
        Assert.Matches("Diagnosis:Upstream +alb +command line", line.Output);
        Assert.Matches("Collection:Interval +15s +default", line.Output);
    }

    [Theory]
    [InlineData("version")]
    [InlineData("--version")]
    public async Task Version_NamesVersionCommitRuntimeAndPlatform(string argument)
    {
        var line = new CommandLine();

        Assert.Equal(ExitCode.Done, await line.RunAsync(argument));
        Assert.Matches(@"^closewatch \d+\.\d+\.\d+ \(commit [0-9a-z]+, \.NET [0-9.]+.*, linux-.+\)\n$", line.Output);
    }

    [Fact]
    public async Task Explain_WithoutFinding_ListsThemAll()
    {
        var line = new CommandLine();

        Assert.Equal(ExitCode.Done, await line.RunAsync("explain"));
        Assert.Contains("close-wait-timeout-short", line.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_Finding_TellsWhatWhyAndHowToFix()
    {
        var line = new CommandLine();

        Assert.Equal(ExitCode.Done, await line.RunAsync("explain", "Close-Wait-Timeout-Short"));
        Assert.Contains("sysctl -w net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600", line.Output, StringComparison.Ordinal);
        Assert.Contains("Why it matters", line.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task InternalError_IsOneLine_TraceOnlyWithDebug()
    {
        var plain = new CommandLine { Scanner = new BrokenScanner() };
        var debug = new CommandLine { Scanner = new BrokenScanner() };

        Assert.Equal(ExitCode.InternalError, await plain.RunAsync("report"));
        Assert.Equal(ExitCode.InternalError, await debug.RunAsync("report", "--debug"));
        Assert.Equal("closewatch: internal error: InvalidOperationException: first second; run it again with --debug and report what it prints\n", plain.Error);
        Assert.Contains("   at ", debug.Error, StringComparison.Ordinal);
    }

    private sealed class BrokenScanner : INodeScanner
    {
        public Snapshot Scan(ScanRequest request, CancellationToken cancellationToken) => throw new InvalidOperationException("first\nsecond");

        public void Dispose()
        {
        }
    }

    [Theory]
    [InlineData("--Http:Listen=x", true)]
    [InlineData("--a:", true)]
    [InlineData("--unknownSection:Key:More=1", true)]
    [InlineData("--", false)]
    [InlineData("--:Key=1", false)]
    [InlineData("--Key", false)]
    [InlineData("--a-b:c", false)]
    [InlineData("--é:c", false)]
    [InlineData("-o:json", false)]
    [InlineData("Http:Listen=x", false)]
    public void Split_ArgumentOfTheForm_IsASetting(string argument, bool isSetting)
    {
        var (settings, others) = CommandLineRunner.Split(["report", argument]);

        Assert.Equal(isSetting ? [argument] : [], settings);
        Assert.Equal(isSetting ? ["report"] : ["report", argument], others);
    }
}
