using Agent.Core.Diagnosis;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Core.Diagnosis;

public sealed class FindingsPageTests
{
    [Fact]
    public void Markdown_IsWhatTheRepositoryHolds()
    {
        var file = Path.Combine(Golden.RepositoryRoot, "docs", "findings.md");
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(file, FindingsPage.Markdown());
        }

        Assert.Equal(File.ReadAllText(file), FindingsPage.Markdown());
    }

    [Fact]
    public void Markdown_EveryFinding_HasAnAnchorNamedAfterItsId() => Assert.All(
        FindingCatalog.All,
        static explanation => Assert.Contains($"\n## {explanation.Id}\n", FindingsPage.Markdown(), StringComparison.Ordinal));
}
