using Agent.Configuration;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Architecture;

public sealed class ConfigurationTableTests
{
    private const string Begin = "<!-- configuration table: begin -->\n";
    private const string End = "<!-- configuration table: end -->";

    /// <summary>The table in README.md is the catalogue of keys; UPDATE_GOLDEN=1 writes it.</summary>
    [Fact]
    public void Readme_ConfigurationTable_EqualsTheCatalogue()
    {
        var path = Path.Combine(Golden.RepositoryRoot, "README.md");
        var readme = File.ReadAllText(path);
        var begin = readme.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        var end = readme.IndexOf(End, StringComparison.Ordinal);
        Assert.True(begin >= Begin.Length && end >= begin, "README.md lost the marks around the configuration table");
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, readme[..begin] + Table() + readme[end..]);
            return;
        }

        Assert.Equal(Table(), readme[begin..end]);
    }

    private static string Table() => string.Concat(
        ConfigurationKeys.All.Select(static key => $"| `{key.Name}` | {Cell(key.Type)} | {(key.Default.Length == 0 ? "" : $"`{key.Default}`")} | {Cell(key.Description)} |\n")
            .Prepend("| Key | Values | Default | Meaning |\n| --- | --- | --- | --- |\n"));

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
