using System.Collections.Immutable;
using System.Globalization;
using Agent.Configuration;
using Agent.Core.Model;
using Agent.Core.Remediation;
using Agent.KernelTests.Testing;
using Xunit;

namespace Agent.KernelTests.Remediation;

/// <summary>A namespace that plays the node's own, with a process in it, so that the machine's settings are never touched.</summary>
internal sealed class SettingsFixture : IDisposable
{
    public const string CloseWait = SysctlCatalog.CloseWait;

    private readonly NetworkNamespaceFixture _namespace = new();

    public SettingsFixture()
    {
        Assert.SkipUnless(_namespace.Inside(() => File.Exists(PathOf(CloseWait))), "nf_conntrack is not loaded");
        Process = IdleProcess.Start(_namespace);
        StateDirectory = Directory.CreateTempSubdirectory("cwremedy").FullName;
        Inode = ulong.Parse(File.ResolveLinkTarget($"/proc/{Process.Pid}/ns/net", false)!.Name["net:[".Length..^1], CultureInfo.InvariantCulture);
    }

    public IdleProcess Process { get; }

    public ulong Inode { get; }

    public string StateDirectory { get; }

    public SysctlTarget Target => new(PodIdentity.Host, Inode);

    public AgentOptions Options => new()
    {
        Remediation = new() { Mode = RemediationMode.Apply, StateDirectory = StateDirectory, OverrideKubeProxy = true },
    };

    public long Value
    {
        get => _namespace.Inside(() => long.Parse(File.ReadAllText(PathOf(CloseWait)), CultureInfo.InvariantCulture));
        set => _namespace.Inside(() =>
        {
            File.WriteAllText(PathOf(CloseWait), value.ToString(CultureInfo.InvariantCulture));
            return true;
        });
    }

    /// <summary>What a scan would see of it.</summary>
    public Snapshot Snapshot(long closeWait) => new()
    {
        TakenAt = DateTimeOffset.UnixEpoch,
        Node = new("test", "6.18.0", "boot", false),
        ScanDuration = TimeSpan.Zero,
        Sources = [],
        Conntrack = new() { Entries = 10, Limit = 262_144, Flows = null },
        HostSettings = new(ImmutableSortedDictionary<string, long>.Empty.Add(NetfilterSettings.CloseWait, closeWait)),
        Pods = [new() { Identity = PodIdentity.Host, NamespaceInode = Inode }],
    };

    public void Vanish()
    {
        Process.Kill();
        _namespace.Dispose();
    }

    public void Dispose()
    {
        Directory.Delete(StateDirectory, recursive: true);
        if (File.Exists(_namespace.Path))
        {
            Process.Dispose();
            _namespace.Dispose();
        }
    }

    private static string PathOf(string sysctl) => $"/proc/sys/net/netfilter/{sysctl}";
}
