using System.Globalization;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Netlink;
using Agent.KernelTests.Testing;
using Xunit;

namespace Agent.KernelTests.Conntrack;

/// <summary>A large table of every kind of entry, read by both backends and compared with conntrack(8).</summary>
public sealed class ConntrackDumpTests : IDisposable
{
    private const int EntryCount = 50_000;
    private const string TablePath = "/proc/thread-self/net/nf_conntrack";
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(30);

    private readonly NetworkNamespaceFixture _namespace = new();

    public void Dispose() => _namespace.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Dump_FiftyThousandEntries_EqualsConntrackTool(int accounting)
    {
        Load(accounting);
        var expected = CountWithTool();
        var netlink = new CountingSink();
        var procfs = new CountingSink();

        var netlinkResult = _namespace.Inside(() => DumpByNetlink(ref netlink));
        var procfsResult = _namespace.Inside(() => DumpByProcFs(ref procfs));

        Assert.Equal(EntryCount, expected.Values.Sum());
        Assert.Equal(expected, netlink.Counts);
        Assert.Equal(expected, procfs.Counts);
        Assert.Equal(new DumpResult(EntryCount, 0, false, 0), netlinkResult);
        Assert.Equal(new DumpResult(EntryCount, 0, false, 0), procfsResult);
        Assert.Equal(netlink.Digest, procfs.Digest);
    }

    private void Load(int accounting)
    {
        var limit = long.Parse(_namespace.Execute("cat", "/proc/sys/net/netfilter/nf_conntrack_max"), CultureInfo.InvariantCulture);
        Assert.SkipUnless(limit is 0 or > EntryCount, $"nf_conntrack_max is {limit}, which is the machine's; this test needs more than {EntryCount}");
        _namespace.Execute("sysctl", "-qw", $"net.netfilter.nf_conntrack_acct={accounting}", $"net.netfilter.nf_conntrack_timestamp={accounting}");
        var file = Path.GetTempFileName();
        try
        {
            ConntrackLoad.Write(file, EntryCount);
            _namespace.Execute("conntrack", "-R", file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Counts <c>ipv4     2 tcp      6 3599 CLOSE_WAIT src=...</c> by its columns.</summary>
    private SortedDictionary<string, int> CountWithTool()
    {
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var line in _namespace.Execute("conntrack", "-L", "-o", "extended").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var columns = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var state = columns[3] == "6" ? columns[5] : "";
            var key = $"{columns[1]} {columns[3]} {state}";
            counts[key] = counts.GetValueOrDefault(key) + 1;
        }

        return counts;
    }

    private static DumpResult DumpByNetlink(ref CountingSink sink)
    {
        using var table = ConntrackNetlink.Open(s_timeout);
        return table.Dump(0, ref sink, TestContext.Current.CancellationToken);
    }

    private static DumpResult DumpByProcFs(ref CountingSink sink)
    {
        using var buffer = new NetlinkBuffer();
        return ConntrackProcFs.Dump(TablePath, buffer, ref sink, TestContext.Current.CancellationToken);
    }
}
