namespace Agent.KernelTests.Testing;

/// <summary>Programs of this machine.</summary>
internal static class Programs
{
    /// <summary>True when a program can be started by this name.</summary>
    public static bool Exist(string name) => File.Exists(name)
        || (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, name)));
}
