using Agent.Tests.Testing;

namespace Agent.Tests.Architecture;

/// <summary>The folders of src that have source files.</summary>
internal static class SourceFolders
{
    public static IReadOnlyList<string> Projects { get; } = ["Agent.Kernel", "Agent.Core", "Agent"];

    /// <summary>Those of a project, by their paths below it, in order.</summary>
    public static IEnumerable<string> In(string project)
    {
        var root = Path.Combine(Golden.RepositoryRoot, "src", project);
        return Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(root, Path.GetDirectoryName(file)!))
            .Where(static folder => folder != ".")
            .Distinct()
            .Order(StringComparer.Ordinal);
    }
}
