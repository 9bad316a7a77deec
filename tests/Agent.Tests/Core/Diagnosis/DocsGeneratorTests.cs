using Agent.Core.Diagnosis;
using Xunit;

namespace Agent.Tests.Core.Diagnosis;

public sealed class DocsGeneratorTests
{
    [Fact]
    public void Markdown_IsWhatTheRepositoryHolds()
    {
        var file = Path.Combine(Root(), "docs", "findings.md");
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, DocsGenerator.Markdown());
        }

        Assert.Equal(File.ReadAllText(file), DocsGenerator.Markdown());
    }

    [Fact]
    public void Markdown_EveryFinding_HasAnAnchorNamedAfterItsId() => Assert.All(
        FindingCatalog.All,
        static explanation => Assert.Contains($"\n## {explanation.Id}\n", DocsGenerator.Markdown(), StringComparison.Ordinal));

    private static string Root()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Agent.sln")))
        {
            directory = directory.Parent ?? throw new DirectoryNotFoundException($"no Agent.sln above {AppContext.BaseDirectory}");
        }

        return directory.FullName;
    }
}
