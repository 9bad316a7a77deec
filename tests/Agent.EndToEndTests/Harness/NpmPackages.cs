using System.ComponentModel;

namespace Agent.EndToEndTests;

/// <summary>Packages from the npm registry, in a directory of their own for as long as a test needs them. Nothing of them is in the repository.</summary>
public sealed class NpmPackages : IAsyncDisposable
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(2);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("closewatch-npm-");

    private NpmPackages()
    {
    }

    /// <summary>Why they are not there, for a test to be skipped with; null when they are.</summary>
    public string? Unavailable { get; private set; }

    /// <summary>Installs packages, each as <c>name@version</c>, without running anything of theirs.</summary>
    public static async Task<NpmPackages> InstallAsync(params IReadOnlyList<string> packages)
    {
        var installed = new NpmPackages();
        try
        {
            var result = await Command.RunAsync(
                ["npm", "install", "--prefix", installed._directory.FullName, "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", .. packages], timeout: s_timeout);
            installed.Unavailable = result.ExitCode == 0 ? null : $"npm cannot install {string.Join(", ", packages)}: {result.Error.Trim()}";
        }
        catch (Exception exception) when (exception is Win32Exception or TimeoutException)
        {
            installed.Unavailable = $"npm cannot be used: {exception.Message}";
        }

        return installed;
    }

    /// <summary>A file in it.</summary>
    public string PathOf(string relative) => Path.Combine(_directory.FullName, relative);

    public ValueTask DisposeAsync()
    {
        _directory.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }
}
