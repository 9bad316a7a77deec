using System.Diagnostics;
using Agent.Core.Attribution;
using Agent.Core.Model;
using Agent.Core.Remediation;
using Agent.Kernel;
using Agent.Kernel.Namespaces;
using Agent.Kernel.ProcFs;
using Agent.KernelTests.Testing;
using Agent.Remediation;
using Xunit;

namespace Agent.KernelTests.Remediation;

public sealed class SysctlWriterTests : IDisposable
{
    private readonly SettingsFixture _settings = new();
    private readonly ProcessTable _processes = new(new ProcessTableOptions(), new CgroupClassifier().Classify);

    public void Dispose()
    {
        _processes.Dispose();
        _settings.Dispose();
    }

    [Fact]
    public void Apply_ValueAsPlanned_IsWrittenThereAndNowhereElse()
    {
        var own = Sysctl.ReadNetfilter("/proc", SettingsFixture.CloseWait);
        _settings.Value = 60;

        var outcome = Apply(Request(60, 3607));

        Assert.Equal((WriteResult.Written, 60), (outcome.Result, outcome.Actual));
        Assert.Equal(3607, _settings.Value);
        Assert.Equal(own, Sysctl.ReadNetfilter("/proc", SettingsFixture.CloseWait));
    }

    [Theory]
    [InlineData(3600, "AlreadyThere")]
    [InlineData(7200, "AlreadyThere")]
    [InlineData(120, "Changed")]
    public void Apply_OtherValueThanPlanned_IsLeft(long now, string result)
    {
        _settings.Value = now;

        var outcome = Apply(Request(60, 3600));

        Assert.Equal((result, (long?)now), (outcome.Result.ToString(), outcome.Actual));
        Assert.Equal(now, _settings.Value);
    }

    [Fact]
    public void Apply_MayNotWrite_OnlyLooks()
    {
        _settings.Value = 60;

        Assert.Equal(WriteResult.Held, Apply(Request(60, 3600) with { MayWrite = false }).Result);
        Assert.Equal(60, _settings.Value);
    }

    [Fact]
    public void Apply_NamespaceVanished_IsReported()
    {
        _settings.Vanish();

        Assert.Equal(WriteResult.Vanished, Apply(Request(60, 3600)).Result);
    }

    [Fact]
    public void Apply_InodeBelongsToAnotherPodByNow_IsReportedAndNotWritten()
    {
        _settings.Value = 60;
        var pod = new SysctlTarget(new(PodKind.Pod, "shop", "web", "0d1f9e0a-0000-4000-8000-000000000001"), _settings.Inode);

        Assert.Equal(WriteResult.Vanished, Apply(Request(60, 3600) with { Target = pod }).Result);
        Assert.Equal(60, _settings.Value);
    }

    [Theory]
    [InlineData("../../../kernel/panic")]
    [InlineData("nf_conntrack_buckets")]
    [InlineData("nf_log_all_netns")]
    public void Apply_NotInTheAllowList_IsNeverWritten(string name)
    {
        _settings.Value = 60;

        Assert.Equal(WriteResult.Invalid, Apply(Request(60, 3600) with { Sysctl = name }).Result);
    }

    [Fact]
    public void Apply_KernelDoesNotHaveIt_IsReported() =>
        Assert.Equal(WriteResult.Missing, Apply(Request(60, 3600) with { Sysctl = "nf_conntrack_dccp_timeout_open" }).Result);

    [Fact]
    public void Apply_TableLimitOutsideTheFirstNamespace_IsDenied()
    {
        var limit = Sysctl.ReadNetfilter("/proc", SysctlCatalog.TableLimit)!.Value;

        var outcome = Apply(new(_settings.Target, SysctlCatalog.TableLimit, limit, limit + 1, MayWrite: true));

        Assert.Equal(WriteResult.Denied, outcome.Result);
        Assert.Equal(limit, Sysctl.ReadNetfilter("/proc", SysctlCatalog.TableLimit));
    }

    [Fact]
    public void Apply_ManyOneFails_TheOthersAreWritten()
    {
        _settings.Value = 60;

        var outcomes = ApplyAll("/proc", Request(60, 3600) with { Sysctl = "nf_conntrack_dccp_timeout_open" }, Request(60, 3600));

        Assert.Equal([WriteResult.Missing, WriteResult.Written], outcomes.Select(static outcome => outcome.Result));
    }

    [Fact]
    public void Apply_SysctlsMountedReadOnly_IsReported()
    {
        _settings.Value = 60;
        using var mounted = new SysctlMount("ro");

        var outcome = Assert.Single(ApplyAll(mounted.Root, Request(60, 3600)));

        Assert.Equal(WriteResult.ReadOnly, outcome.Result);
        Assert.Contains("EROFS", outcome.Detail, StringComparison.Ordinal);
        Assert.Equal(60, _settings.Value);
    }

    [Fact]
    public void Apply_SysctlsMountedElsewhere_AreThoseOfTheEnteredNamespace()
    {
        _settings.Value = 60;
        using var mounted = new SysctlMount("rw");

        Assert.Equal(WriteResult.Written, Assert.Single(ApplyAll(mounted.Root, Request(60, 3607))).Result);
        Assert.Equal(3607, _settings.Value);
    }

    [Fact]
    public void Apply_WithoutCapabilities_IsDeniedAndNamesWhatIsMissing()
    {
        _settings.Value = 60;
        var outcome = Unprivileged.Run(() => Apply(Request(60, 3600)));

        Assert.Equal(WriteResult.Denied, outcome.Result);
        Assert.Contains("CAP_SYS_", outcome.Detail, StringComparison.Ordinal);
        Assert.Equal(60, _settings.Value);
    }

    [Fact]
    public void WriteNetfilter_NotOnProc_IsRefused()
    {
        var directory = Directory.CreateTempSubdirectory("cwplain");
        try
        {
            var file = Path.Combine(directory.CreateSubdirectory("sys/net/netfilter").FullName, SettingsFixture.CloseWait);
            File.WriteAllText(file, "60\n");

            Assert.Throws<KernelException>(() => Sysctl.WriteNetfilter(directory.FullName, SettingsFixture.CloseWait, 3600));
            Assert.Throws<ArgumentException>(() => Sysctl.WriteNetfilter("/proc", "nf_conntrack_../x", 1));
            Assert.Equal("60\n", File.ReadAllText(file));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private WriteRequest Request(long from, long to) => new(_settings.Target, SettingsFixture.CloseWait, from, to, MayWrite: true);

    private WriteOutcome Apply(WriteRequest request) => Assert.Single(ApplyAll("/proc", request));

    private IReadOnlyList<WriteOutcome> ApplyAll(string sysctlRoot, params WriteRequest[] requests)
    {
        using var writer = new SysctlWriter(_processes, "/proc", sysctlRoot, TimeProvider.System);
        return writer.Apply(requests);
    }

    /// <summary>/proc/sys mounted once more, as a hostPath volume does.</summary>
    private sealed class SysctlMount : IDisposable
    {
        private readonly string _sys;

        public SysctlMount(string mode)
        {
            Root = Directory.CreateTempSubdirectory("cwproc").FullName;
            _sys = Directory.CreateDirectory(Path.Combine(Root, "sys")).FullName;
            Run("mount", "--bind", "/proc/sys", _sys);
            Run("mount", "-o", $"remount,bind,{mode}", _sys);
        }

        public string Root { get; }

        public void Dispose()
        {
            Run("umount", _sys);
            Directory.Delete(Root, recursive: true);
        }

        private static void Run(string program, params string[] arguments)
        {
            using var process = Process.Start(program, arguments);
            process.WaitForExit();
            Assert.Equal(0, process.ExitCode);
        }
    }
}
