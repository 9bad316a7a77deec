using System.Text.RegularExpressions;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Architecture;

/// <summary>The pages for those who change the code speak of code that is there; docs/architecture.md of all of it.</summary>
public sealed partial class ArchitecturePageTests
{
    private const string Page = "docs/architecture.md";

    /// <summary>A folder within a folder is explained with it.</summary>
    public static TheoryData<string> Folders =>
        [.. from project in SourceFolders.Projects
            from folder in SourceFolders.In(project)
            where !folder.Contains('/', StringComparison.Ordinal)
            select $"{project}/{folder}"];

    [Theory]
    [MemberData(nameof(Folders))]
    public void Folder_HasALineOfItsOwn(string folder) => Assert.Contains($"\n| `{folder}` | ", Read(Page), StringComparison.Ordinal);

    [Theory]
    [InlineData(Page)]
    [InlineData("CONTRIBUTING.md")]
    public void Paths_AllThatAreNamed_Exist(string page)
    {
        var files = Directory.EnumerateFiles(PathOf("src"), "*.cs", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(PathOf("tests"), "*.cs", SearchOption.AllDirectories))
            .Select(Path.GetFileName)
            .ToHashSet(StringComparer.Ordinal);
        var named = Quoted().Matches(Read(page)).Select(static match => match.Groups[1].Value).Distinct().ToList();

        Assert.NotEmpty(named);
        Assert.DoesNotContain(named, name => !files.Contains(name) && !Path.Exists(PathOf(name)) && !Path.Exists(PathOf("src/" + name)));
    }

    private static string Read(string page) => File.ReadAllText(PathOf(page));

    private static string PathOf(string name) => Path.Combine(Golden.RepositoryRoot, name);

    // `Agent.Core/Model`, `tests/run`, `Golden.cs`; not `/proc/net/tcp`, nor `GET /report`.
    [GeneratedRegex(@"`((?:Agent|src|tests|deploy|docs)[\w.]*/[\w./]+|\w+\.cs)`")]
    private static partial Regex Quoted();
}
