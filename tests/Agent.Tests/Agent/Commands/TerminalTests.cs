using System.Collections.Immutable;
using Agent.Commands;
using Xunit;

namespace Agent.Tests.Agent.Commands;

/// <summary>Options before variables before the terminal.</summary>
public sealed class TerminalTests
{
    [Theory]
    [InlineData(true, "", null, true)]
    [InlineData(false, "", null, false)]
    [InlineData(true, "NO_COLOR=1", null, false)]
    [InlineData(false, "CLICOLOR_FORCE=1", null, true)]
    [InlineData(false, "CLICOLOR_FORCE=0", null, false)]
    [InlineData(true, "NO_COLOR=1 CLICOLOR_FORCE=1", null, false)]
    [InlineData(true, "TERM=dumb", null, false)]
    [InlineData(false, "NO_COLOR=1", "always", true)]
    [InlineData(true, "CLICOLOR_FORCE=1", "never", false)]
    public async Task Color(bool isTerminal, string variables, string? option, bool expected)
    {
        var line = new CommandLine { IsTerminal = isTerminal, Environment = Environment(variables) };

        Assert.Equal(ExitCode.Done, await line.RunAsync(option is null ? ["explain"] : ["explain", "--color", option]));
        Assert.Equal(expected, line.Output.Contains('\e', StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(null, "", 80)]
    [InlineData(null, "COLUMNS=100", 100)]
    [InlineData(null, "COLUMNS=x", 80)]
    [InlineData(null, "COLUMNS=99999999", 1000)]
    [InlineData(90, "COLUMNS=100", 90)]
    [InlineData(20, "", 60)]
    [InlineData(5000, "", 160)]
    public void Width_OfTheTerminalThenOfColumns(int? columns, string variables, int expected)
    {
        var terminal = new Terminal { Output = TextWriter.Null, Error = TextWriter.Null, Columns = columns, Environment = Environment(variables) };

        Assert.Equal(expected, terminal.Width());
        Assert.Equal(120, terminal.Style(new(Width: 120)).Width);
    }

    [Theory]
    [InlineData("--width", "10")]
    [InlineData("--color", "red")]
    public async Task Options_OutOfRange_AreUsageErrors(string option, string value)
    {
        var line = new CommandLine();

        Assert.Equal(ExitCode.Usage, await line.RunAsync("explain", option, value));
        Assert.StartsWith($"closewatch: {option} {value}: ", line.Error, StringComparison.Ordinal);
    }

    private static ImmutableDictionary<string, string> Environment(string variables) => variables
        .Split(' ', StringSplitOptions.RemoveEmptyEntries)
        .Select(static variable => variable.Split('='))
        .ToImmutableDictionary(static pair => pair[0], static pair => pair[1]);
}
