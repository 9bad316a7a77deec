using System.Diagnostics;
using Agent.Core.Remediation;
using Agent.Remediation;
using Xunit;

namespace Agent.KernelTests.Remediation;

/// <summary>A disk without room: what the values were before must not be forgotten, neither the old file nor the new values.</summary>
public sealed class RemediationStateTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("cwstate").FullName;

    public RemediationStateTests()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "mounting a file system needs root");
        Run("mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", _directory);
    }

    [Fact]
    public void Save_DiskFull_SaysSoKeepsTheOldFileAndTriesAgain()
    {
        var state = new RemediationState(_directory);
        Assert.Null(state.Load("boot"));
        state.Set(Value(60));
        Assert.Null(state.Save());
        Assert.False(state.IsDirty);

        var filler = Path.Combine(_directory, "filler");
        File.WriteAllBytes(filler, new byte[4096]);
        state.Set(Value(120));
        var problem = state.Save();
        Assert.Contains("No space left on device", problem, StringComparison.Ordinal);
        Assert.Contains(state.FilePath, problem, StringComparison.Ordinal);
        Assert.True(state.IsDirty, "nobody would write it later");
        Assert.Equal(60, Loaded());

        File.Delete(filler);
        Assert.Null(state.Save());
        Assert.False(state.IsDirty);
        Assert.Equal(120, Loaded());
        Assert.Equal(["remediation.json"], Directory.GetFiles(_directory).Select(Path.GetFileName));
    }

    public void Dispose()
    {
        Run("umount", _directory);
        Directory.Delete(_directory);
    }

    private long Loaded()
    {
        var other = new RemediationState(_directory);
        Assert.Null(other.Load("boot"));
        return Assert.Single(other.Values).Value.Original;
    }

    private static WrittenValue Value(long original) => new()
    {
        Scope = SysctlTarget.HostScope,
        Namespace = "",
        Name = "host",
        Uid = "",
        NamespaceInode = 1,
        Sysctl = "nf_conntrack_tcp_timeout_close_wait",
        Original = original,
        Written = 3600,
        WrittenAt = DateTimeOffset.UnixEpoch,
    };

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
