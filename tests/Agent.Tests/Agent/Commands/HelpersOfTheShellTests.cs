using System.Diagnostics;
using System.Text.Json;
using Agent.Commands;
using Xunit;

namespace Agent.Tests.Agent.Commands;

/// <summary>help as a command, completion, JSON of lists, hints, watching.</summary>
public sealed class HelpersOfTheShellTests
{
    [Theory]
    [InlineData("help", "--help")]
    [InlineData("help report", "report --help")]
    [InlineData("help sysctl plan", "sysctl plan --help")]
    public async Task Help_AsACommand_IsTheSameAsTheOption(string command, string option)
    {
        var (asked, usual) = (new CommandLine(), new CommandLine());

        Assert.Equal(ExitCode.Done, await asked.RunAsync(command.Split(' ')));
        await usual.RunAsync(option.Split(' '));
        Assert.Equal(usual.Output, asked.Output);
        Assert.Contains("Usage:", asked.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_OfWhatIsNot_IsAUsageError()
    {
        var line = new CommandLine();

        Assert.Equal(ExitCode.Usage, await line.RunAsync("help", "raport"));
        Assert.Contains("did you mean report?", line.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--json", "did you mean -o json?")]
    [InlineData("-v", "did you mean --version?")]
    [InlineData("--verbose", "did you mean --details?")]
    public async Task OptionsOfOtherPrograms_AreUnderstoodAsAHint(string option, string hint)
    {
        var line = new CommandLine();

        Assert.Equal(ExitCode.Usage, await line.RunAsync("report", option));
        Assert.Contains(hint, line.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("version", "version")]
    [InlineData("explain half-closed-untracked", "id")]
    public async Task Json_OfOne_IsAnObject(string command, string member)
    {
        var line = new CommandLine();

        Assert.Equal(ExitCode.Done, await line.RunAsync([.. command.Split(' '), "-o", "json"]));
        using var json = JsonDocument.Parse(line.Output);
        Assert.NotEmpty(json.RootElement.GetProperty(member).GetString()!);
    }

    [Theory]
    [InlineData("explain", "id", "close-wait-leak")]
    [InlineData("config", "key", "Diagnosis:Upstream")]
    public async Task Json_OfLists_IsAnArray(string command, string member, string one)
    {
        var line = new CommandLine();

        Assert.Equal(ExitCode.Done, await line.RunAsync(command, "-o", "json"));
        using var json = JsonDocument.Parse(line.Output);
        Assert.Contains(json.RootElement.EnumerateArray(), element => element.GetProperty(member).GetString() == one);
    }

    [Theory]
    [InlineData("closewatch re", "report")]
    [InlineData("closewatch report --det", "--details")]
    [InlineData("closewatch report --output ", "text json markdown html")]
    [InlineData("closewatch sysctl ", "plan apply")]
    [InlineData("closewatch explain half-closed-u", "half-closed-untracked")]
    public async Task Completion_Bash_CompletesWordsOptionsAndValues(string typed, string expected)
    {
        var line = new CommandLine();
        Assert.Equal(ExitCode.Done, await line.RunAsync("completion", "bash"));
        var words = typed.Split(' ');
        var script = $"{line.Output}\nCOMP_WORDS=({string.Join(' ', words.Select(static word => $"'{word}'"))}); COMP_CWORD={words.Length - 1}; _closewatch; echo \"${{COMPREPLY[*]}}\"";

        Assert.StartsWith(expected, await BashAsync(script), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("zsh", "#compdef closewatch")]
    [InlineData("fish", "complete -c closewatch")]
    public async Task Completion_OtherShells_AreWritten(string shell, string begin)
    {
        var line = new CommandLine();

        Assert.Equal(ExitCode.Done, await line.RunAsync("completion", shell));
        Assert.StartsWith(begin, line.Output, StringComparison.Ordinal);
        Assert.Contains("close-wait-leak", line.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Completion_Fish_KnowsShortOptionsToo()
    {
        var line = new CommandLine();

        await line.RunAsync("completion", "fish");
        Assert.Contains("__fish_seen_subcommand_from report' -s o -x -a 'text json markdown html'", line.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("there is no completion for tcsh", "completion", "tcsh")]
    [InlineData("the name of a shell is missing", "completion")]
    public async Task Completion_OfNoKnownShell_NamesThem(string problem, params string[] words)
    {
        var line = new CommandLine();

        Assert.Equal(ExitCode.Usage, await line.RunAsync(words));
        Assert.Contains($"{problem}; there is one for bash, zsh, fish", line.Error, StringComparison.Ordinal);
    }

    private static async Task<string> BashAsync(string script)
    {
        using var process = Process.Start(new ProcessStartInfo("bash", ["-s"]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        await process.StandardInput.WriteAsync(script);
        process.StandardInput.Close();
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return output;
    }
}
