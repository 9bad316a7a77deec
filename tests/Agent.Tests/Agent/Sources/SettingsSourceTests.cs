using Agent.Core.Model;
using Agent.Sources;
using Xunit;

namespace Agent.Tests.Agent.Sources;

public sealed class SettingsSourceTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("closewatch-test-").FullName;
    private readonly SettingsSource _source = new();

    public SettingsSourceTests()
    {
        Write("tcp_timeout_close_wait", 60);
        Write("tcp_be_liberal", 0);
        Write("acct", 1);
        Write("max", 262144);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Read_Host_HasAll()
    {
        var host = _source.Read(_root, isHost: true)!;
        Assert.Equal(["acct", "tcp_be_liberal", "tcp_timeout_close_wait"], host.Settings.Values.Keys);
        Assert.Equal(262144, host.Limit);
    }

    [Fact]
    public void Read_AnotherNamespace_HasTimeoutsAndWhatMayBeWrittenThere() =>
        Assert.Equal(["tcp_be_liberal", NetfilterSettings.CloseWait], _source.Read(_root, isHost: false)!.Settings.Values.Keys);

    [Fact]
    public void Read_AnotherNamespaceAfterTheHost_HasItsOwnValuesUnderTheSameNames()
    {
        _ = _source.Read(_root, isHost: true);
        Write("tcp_timeout_close_wait", 3600);
        Write("tcp_be_liberal", 1);
        var pod = _source.Read(_root, isHost: false)!;
        Assert.Equal([new("tcp_be_liberal", 1), new(NetfilterSettings.CloseWait, 3600)], pod.Settings.Values);
        Assert.Null(pod.Limit);
    }

    [Fact]
    public void Read_HostWithoutModuleThenLoaded_OtherNamespacesAreListed()
    {
        Assert.Null(_source.Read(Path.Combine(_root, "nowhere"), isHost: true));
        Assert.Equal(60, _source.Read(_root, isHost: false)!.Settings.CloseWaitSeconds);
    }

    [Fact]
    public void Read_SameValuesAgain_AreKeptOnce()
    {
        var first = _source.Read(_root, isHost: false)!.Settings;
        Assert.Same(first, _source.Read(_root, isHost: false)!.Settings);
        Write("tcp_timeout_close_wait", 3600);
        Assert.Equal(3600, _source.Read(_root, isHost: false)!.Settings.CloseWaitSeconds);
        Assert.Equal(60, first.CloseWaitSeconds);
    }

    private void Write(string name, long value) =>
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(_root, "sys/net/netfilter")).FullName, $"nf_conntrack_{name}"), $"{value}\n");
}
