using System.Text.RegularExpressions;
using Agent.Configuration;
using Agent.Core.Diagnosis;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Architecture;

/// <summary>What someone reads at night has to be there, and has to be what the program says.</summary>
public sealed partial class RunbookTests
{
    private static readonly string s_runbook = File.ReadAllText(Path.Combine(Golden.RepositoryRoot, "docs", "runbook.md"));

    /// <summary>Everything that the program can print: the texts in its source, and reports.</summary>
    private static readonly string s_program = string.Join('\n',
    [
        .. Directory.EnumerateFiles(Path.Combine(Golden.RepositoryRoot, "src"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(static file => Literal().Matches(File.ReadAllText(file)))
            .Select(static literal => literal.Value),
        .. Directory.EnumerateFiles(Path.Combine(Golden.RepositoryRoot, "tests", "Agent.Tests", "Golden"), "report-*.txt")
            .Select(File.ReadAllText),
    ]);

    [Fact]
    public void Runbook_NamesEveryFinding() => Assert.All(
        FindingCatalog.All,
        static explanation => Assert.Contains($"`{explanation.Id}`", s_runbook, StringComparison.Ordinal));

    [Fact]
    public void Runbook_NamesNoFindingThatThereIsNot() => Assert.All(
        FirstColumns().Where(static quote => FindingId().IsMatch(quote)),
        static quote => Assert.NotNull(FindingCatalog.Find(quote)));

    /// <summary>Commands aside, what stands between backquotes is in the program word for word.</summary>
    [Fact]
    public void Runbook_QuotesWhatTheProgramSays() => Assert.All(
        Quotes(s_runbook).Where(static quote => !Command().IsMatch(quote)),
        static quote => Assert.True(s_program.Contains(quote, StringComparison.Ordinal), $"the program does not say: {quote}"));

    /// <summary>Every option that the runbook gives to closewatch is one that it has.</summary>
    [Fact]
    public void Runbook_OptionsExist() => Assert.All(
        s_runbook.Split('\n', '`').Where(static text => text.Contains("closewatch ", StringComparison.Ordinal) && Command().IsMatch(text)).SelectMany(static text => Option().Matches(text)),
        static option => Assert.True(
            s_program.Contains($"\"{option.Value}\"", StringComparison.Ordinal) || ConfigurationKeys.All.Any(key => $"--{key.Name}" == option.Value),
            $"closewatch has no option {option.Value}"));

    private static IEnumerable<string> FirstColumns() => s_runbook
        .Split('\n')
        .Where(static line => line.StartsWith("| `", StringComparison.Ordinal))
        .SelectMany(static line => Quotes(line.Split(" | ")[0]));

    private static IEnumerable<string> Quotes(string text) => Quote().Matches(Fence().Replace(text, "")).Select(static match => match.Groups[1].Value);

    [GeneratedRegex(@"""{3}.*?""{3}|""(?:\\.|[^""\\\n])*""", RegexOptions.Singleline)]
    private static partial Regex Literal();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quote();

    [GeneratedRegex("```.*?```", RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"^(closewatch|kubectl|sysctl|--upstream) |^\s*kubectl closewatch")]
    private static partial Regex Command();

    [GeneratedRegex("--[A-Za-z][A-Za-z:-]+")]
    private static partial Regex Option();

    [GeneratedRegex("^[a-z0-9]+(-[a-z0-9]+)+$")]
    private static partial Regex FindingId();
}
