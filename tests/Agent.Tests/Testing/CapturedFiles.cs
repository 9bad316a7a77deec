using Xunit;

namespace Agent.Tests.Testing;

/// <summary>
/// Files that others have captured on real nodes. They are no part of this repository: CLOSEWATCH_FIXTURES says where they are, and
/// where they are not the test is skipped.
/// </summary>
internal static class CapturedFiles
{
    private static readonly string s_root = Environment.GetEnvironmentVariable("CLOSEWATCH_FIXTURES") ?? "/work/shared/fixtures";

    /// <summary>The path of one of them.</summary>
    public static string PathOf(string relative)
    {
        Assert.SkipUnless(Directory.Exists(s_root), $"the captured files of other projects are not here ({s_root})");
        return Path.Combine(s_root, relative);
    }

    /// <summary>The names of those in a folder, for a theory; one that is skipped where there are none.</summary>
    public static TheoryData<string> NamesIn(string folder, string extension)
    {
        var directory = Path.Combine(s_root, folder);
        return Directory.Exists(directory)
            ? [.. Directory.EnumerateFiles(directory, "*" + extension).Where(static path => !path.EndsWith(".yaml", StringComparison.Ordinal)).Select(static path => Path.GetFileName(path)).Order()]
            : ["absent"];
    }
}
