using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Architecture;

/// <summary>A file fits into a head, a line into a window.</summary>
public sealed class FileSizeTests
{
    private const int MaxLines = 300;
    private const int MaxColumns = 140;

    [Fact]
    public void SourceFiles_HaveAtMost300Lines() =>
        Assert.Empty(
            from file in Sources()
            let lines = File.ReadAllLines(file.Path).Length
            where lines > MaxLines
            select $"{file.Name} has {lines} lines: it does more than one thing");

    [Fact]
    public void SourceLines_HaveAtMost140Characters() =>
        Assert.Empty(
            from file in Sources()
            from line in File.ReadLines(file.Path).Index()
            where line.Item.Length > MaxColumns
            select $"{file.Name}({line.Index + 1}) has {line.Item.Length} characters");

    private static (string Path, string Name)[] Sources()
    {
        var root = Path.Combine(Golden.RepositoryRoot, "src");
        var files = Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
            .Select(path => (path, Path.GetRelativePath(root, path)))
            .ToArray();
        Assert.NotEmpty(files);
        return files;
    }
}
