using System.Runtime.InteropServices;

namespace Agent.Benchmarks;

/// <summary>The closewatch that is measured as a program.</summary>
internal static class BuiltProgram
{
    /// <summary>What <c>make publish</c> made, if it did; otherwise what was built.</summary>
    public static string Path { get; } = Find();

    private static string Find()
    {
        var artifacts = System.IO.Path.GetFullPath(System.IO.Path.Combine(AppContext.BaseDirectory, "..", "..", ".."));
        var published = System.IO.Path.Combine(artifacts, "publish", RuntimeInformation.RuntimeIdentifier, "closewatch");
        return File.Exists(published) ? published : System.IO.Path.Combine(artifacts, "bin", "Agent", "release", "closewatch");
    }
}
