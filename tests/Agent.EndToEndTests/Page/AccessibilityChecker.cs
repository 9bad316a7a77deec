namespace Agent.EndToEndTests.Page;

/// <summary>axe-core, the accessibility checker; installed from npm into a directory of its own for as long as the tests run.</summary>
public sealed class AccessibilityChecker : IAsyncDisposable
{
    // A release that is known to the tests: a newer one may know rules that this page was not looked at with.
    private const string Package = "axe-core@4.14.1";

    private readonly DirectoryInfo _directory;

    private AccessibilityChecker(DirectoryInfo directory, string script)
    {
        _directory = directory;
        Script = script;
    }

    /// <summary>Defines <c>axe</c> when it is run in a page.</summary>
    public string Script { get; }

    /// <summary>Installs it; null with the reason where npm or its registry cannot be reached.</summary>
    public static async Task<(AccessibilityChecker? Checker, string Reason)> InstallAsync()
    {
        var directory = Directory.CreateTempSubdirectory("closewatch-axe-");
        CommandResult result;
        try
        {
            result = await Command.RunAsync(
                ["npm", "install", "--prefix", directory.FullName, "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", Package], timeout: TimeSpan.FromMinutes(2));
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            result = new("npm", 127, "", exception.Message);
        }

        var script = Path.Combine(directory.FullName, "node_modules/axe-core/axe.min.js");
        if (result.ExitCode != 0 || !File.Exists(script))
        {
            directory.Delete(recursive: true);
            return (null, $"{Package} cannot be installed: {result.Error.Trim()}");
        }

        return (new(directory, await File.ReadAllTextAsync(script)), "");
    }

    public ValueTask DisposeAsync()
    {
        _directory.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }
}
