namespace Agent.KernelTests.Testing;

/// <summary>Programs of this machine.</summary>
internal static class Programs
{
    /// <summary>The closewatch that CLOSEWATCH_PROGRAM names by its full path, or that was built together with these tests.</summary>
    public static string Closewatch { get; } = Environment.GetEnvironmentVariable("CLOSEWATCH_PROGRAM") is { Length: > 0 } program
        ? program
        : Path.Combine(AppContext.BaseDirectory, "closewatch");

    /// <summary>True when a program can be started by this name.</summary>
    public static bool Exist(string name) => File.Exists(name)
        || (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, name)));
}
