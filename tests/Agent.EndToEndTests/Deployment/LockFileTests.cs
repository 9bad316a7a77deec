using Agent.Tests.Testing;
using Xunit;

namespace Agent.EndToEndTests.Deployment;

/// <summary>The lock files of the program for each runtime: what an image, a package and a release are restored from.</summary>
[Lasts(seconds: 13, First = true)]
public sealed class LockFileTests : IDisposable
{
    // A folder of its own, beside which nothing else restores.
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("closewatch-locks-");

    public void Dispose() => _directory.Delete(recursive: true);

    /// <summary>Without packs, which no lock file holds and not every package feed has for arm64.</summary>
    [Theory]
    [InlineData("linux-x64")]
    [InlineData("linux-arm64")]
    public async Task Runtime_RestoredInLockedMode_FitsItsLockFiles(string rid) => (await RestoreAsync(Repository.Root, rid)).Checked();

    [Fact]
    public async Task Package_ChangedWithoutItsLockFile_IsRefused()
    {
        var copy = Path.Combine(_directory.FullName, "copy");
        var files = (await Command.RunAsync(["git", "-C", Repository.Root, "ls-files", "src/*.csproj", "src/*.lock.json", "Directory.*", "global.json"])).Checked();
        (await Command.RunAsync(["tar", "cf", copy + ".tar", "-C", Repository.Root, .. files.Lines])).Checked();
        Directory.CreateDirectory(copy);
        (await Command.RunAsync(["tar", "xf", copy + ".tar", "-C", copy])).Checked();
        var locked = Path.Combine(copy, "src/Agent.Kernel/packages.linux-x64.lock.json");
        File.WriteAllText(locked, File.ReadAllText(locked).Replace("Microsoft.NET.ILLink.Tasks", "Microsoft.NET.Other.Tasks", StringComparison.Ordinal));

        var result = await RestoreAsync(copy, "linux-x64");

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("NU1004", result.Output + result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Builds_ForARuntime_RestoreInLockedMode()
    {
        foreach (var file in (string[])["Dockerfile", "deploy/release/make-release"])
        {
            Assert.Contains("-p:RestoreLockedMode=true", File.ReadAllText(Repository.PathOf(file)), StringComparison.Ordinal);
        }
    }

    private Task<CommandResult> RestoreAsync(string root, string rid) => Command.RunAsync(
        [
            "dotnet", "restore", Path.Combine(root, "src/Agent"), $"-p:RuntimeIdentifier={rid}", "-p:LocksOnly=true", "-p:RestoreLockedMode=true",
            "-p:NuGetAudit=false", "--artifacts-path", Path.Combine(_directory.FullName, rid), "-v", "quiet",
        ],
        timeout: TimeSpan.FromMinutes(3));
}
