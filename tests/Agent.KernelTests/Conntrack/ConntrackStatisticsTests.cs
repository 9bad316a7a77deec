using System.Globalization;
using Agent.Kernel.Conntrack;
using Agent.Kernel.ProcFs;
using Agent.KernelTests.Testing;
using Xunit;

namespace Agent.KernelTests.Conntrack;

public sealed class ConntrackStatisticsTests : IDisposable
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(10);

    private readonly NetworkNamespaceFixture _namespace = new();

    public ConntrackStatisticsTests()
    {
        for (var port = 1; port <= 3; port++)
        {
            _namespace.Execute(
                "conntrack", "-I", "-p", "udp", "--src", "10.0.0.1", "--dst", "10.0.0.2", "--sport", $"{port}", "--dport", "53", "-t", "3600");
        }
    }

    public void Dispose() => _namespace.Dispose();

    [Fact]
    public void ReadStatistics_BothBackends_EqualConntrackTool()
    {
        var netlink = _namespace.Inside(static () =>
        {
            using var table = ConntrackNetlink.Open(s_timeout);
            return table.ReadStatistics(CancellationToken.None);
        });
        var procfs = _namespace.Inside(static () => NfConntrackStat.Read("/proc/thread-self/net/stat/nf_conntrack"));
        var tool = ReadTool();

        Assert.NotNull(procfs);
        Assert.Equal(3, procfs.Entries);
        Assert.Equal(3ul, netlink.Insert);
        Assert.Equal(netlink, procfs.Statistics);
        Assert.Equal(tool, netlink);
    }

    [Fact]
    public void ReadNetfilter_ThisNamespace_EqualsSysctl()
    {
        _namespace.Execute("sysctl", "-qw", "net.netfilter.nf_conntrack_tcp_timeout_close_wait=4711");
        const string Prefix = "net.netfilter.nf_conntrack_";
        var expected = _namespace.Execute("sysctl", "-a", "--pattern", "^net.netfilter.nf_conntrack_").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(static line => line.Split(" = "))
            .Select(static pair => KeyValuePair.Create(pair[0][Prefix.Length..], long.Parse(pair[1], CultureInfo.InvariantCulture)))
            .OrderBy(static pair => pair.Key, StringComparer.Ordinal);

        var actual = _namespace.Inside(static () => Sysctl.ReadNetfilter("/proc"));

        Assert.Equal(expected, actual.OrderBy(static pair => pair.Key, StringComparer.Ordinal));
        Assert.Contains(KeyValuePair.Create("tcp_timeout_close_wait", 4711L), actual);
        Assert.Equal(4711, _namespace.Inside(static () => Sysctl.ReadNetfilter("/proc", "nf_conntrack_tcp_timeout_close_wait")));
    }

    /// <summary>Adds up <c>cpu=0   	found=0 invalid=0 insert=3 ...</c>.</summary>
    private ConntrackStatistics ReadTool()
    {
        var sums = _namespace.Execute("conntrack", "-S").Split([' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries)
            .Select(static word => word.Split('='))
            .GroupBy(static pair => pair[0], static pair => ulong.Parse(pair[1], CultureInfo.InvariantCulture))
            .ToDictionary(static group => group.Key, static group => group.Aggregate(0ul, static (sum, value) => sum + value));
        ulong? Get(string key) => sums.TryGetValue(key, out var value) ? value : null;
        return new()
        {
            Found = Get("found"),
            Invalid = Get("invalid"),
            Insert = Get("insert"),
            InsertFailed = Get("insert_failed"),
            Drop = Get("drop"),
            EarlyDrop = Get("early_drop"),
            Error = Get("error"),
            SearchRestart = Get("search_restart"),
            ClashResolve = Get("clash_resolve"),
            ChainTooLong = Get("chaintoolong"),
        };
    }
}
