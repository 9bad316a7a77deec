namespace Agent.EndToEndTests;

/// <summary>Where this repository is, and what was built of it.</summary>
public static class Repository
{
    public static string Root { get; } = FindRoot();

    private static readonly string? s_program = Environment.GetEnvironmentVariable("CLOSEWATCH_PROGRAM") is { Length: > 0 } program ? program : null;

    /// <summary>Whether all tests are to run the program of the image: CLOSEWATCH_PROGRAM is "image".</summary>
    public static bool TestsTheImage => s_program == "image";

    /// <summary>
    /// The closewatch that was built together with these tests (it needs the machine's .NET), or that CLOSEWATCH_PROGRAM names, or that of
    /// the image, where a node can build one (<see cref="Node.NodePool"/>): who asks waits for it.
    /// </summary>
    public static string Closewatch => Program.GetAwaiter().GetResult();

    /// <summary>The same, for those who can wait.</summary>
    public static Task<string> Program { get; internal set; } = Task.FromResult(s_program is null || TestsTheImage
        ? Path.Combine(Root, "artifacts/bin/Agent", Configuration(), "closewatch")
        : PathOf(s_program));

    public static string PathOf(string relative) => Path.Combine(Root, relative);

    // artifacts/bin/Agent.EndToEndTests/release/
    private static string Configuration() => new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/')).Name;

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Agent.sln")))
        {
            directory = directory.Parent ?? throw new InvalidOperationException($"no Agent.sln above {AppContext.BaseDirectory}: run the tests from a clone");
        }

        return directory.FullName;
    }
}
