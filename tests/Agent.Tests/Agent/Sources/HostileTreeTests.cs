using System.Text;
using Agent.Configuration;
using Agent.Core.Diagnosis;
using Agent.Core.Model;
using Agent.Loop;
using Agent.Reporting;
using Agent.Sources;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Agent.Sources;

/// <summary>A whole scan of a captured tree whose every file may hold anything: what is read of it is shown, and nothing throws.</summary>
public sealed class HostileTreeTests : IDisposable
{
    private const string Pod = "0b1f3c9e-6a53-4f0e-9f0f-1c2d3e4f5a6b";

    private const string Tcp =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        + "   0: 0500F40A:1F90 0900F40A:9C40 08 00000000:00000001 00:00000000 00000000  1000        0 12345 1 0000000000000000 20 4 30 10 -1\n"
        + "   1: 0500F40A:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12346 1 0000000000000000 100 0 0 10 0\n";

    private static readonly string s_fixture = Path.Combine(AppContext.BaseDirectory, "Fixtures", "proc", "linux-6.18");

    private static readonly Dictionary<string, string> s_process = new(StringComparer.Ordinal)
    {
        ["stat"] = "42 (ng inx) S 1 42 42 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 1 0 123456 0 0 0\n",
        ["cgroup"] = $"0::/kubepods.slice/kubepods-pod{Pod.Replace('-', '_')}.slice/cri-containerd-{new string('a', 64)}.scope\n",
        ["net/tcp"] = Tcp,
        ["net/tcp6"] = "  sl  local_address rem_address\n",
        ["net/sockstat"] = "sockets: used 5\nTCP: inuse 5 orphan 0 tw 2 alloc 9 mem 1\n",
        ["net/sockstat6"] = "TCP6: inuse 3\n",
        ["net/snmp"] = "Tcp: ActiveOpens EstabResets OutRsts\nTcp: 20 3 4\n",
        ["net/netstat"] = "TcpExt: ListenOverflows ListenDrops TCPAbortOnData\nTcpExt: 1 2 3\n",
        ["net/fib_trie"] = "Local:\n     |-- 10.244.0.5\n        /32 host LOCAL\n",
        ["net/if_inet6"] = "fd000010000000000000000000000005 02 40 00 80     eth0\n",
        ["net/route"] = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\neth0 0000F40A 00000000 0001 0 0 0 00FFFFFF 0 0 0\n",
        ["net/ipv6_route"] = "",
    };

    private readonly string _tree = Directory.CreateTempSubdirectory("closewatch-tree-").FullName;

    public void Dispose() => Directory.Delete(_tree, recursive: true);

    private AgentOptions Options => new()
    {
        Collection = new() { ProcRoot = _tree },
        Pods = new() { Source = PodSource.None, LogRoot = Path.Combine(_tree, "logs"), CgroupRoot = Path.Combine(_tree, "cgroup"), NodeName = "n1" },
    };

    [Fact]
    public void Scan_TheTreeAsItShouldBe_HasItsPodAndSocket()
    {
        Make(null);
        using var scanner = new NodeScanner(Options.Collection, Options.Pods, null, TimeProvider.System);
        var pod = Assert.Single(scanner.Scan(ScanRequest.Full, TestContext.Current.CancellationToken).Pods, static pod => pod.Identity.Kind == PodKind.Pod);
        Assert.Equal(("shop", "web", 1), (pod.Identity.Namespace, pod.Identity.Name, pod.HalfClosed?.CloseWaitSockets));
    }

    [Fact]
    public void Scan_HostileTree_IsShown() => Hostile.Try(60, static random => random.Next(), seed =>
    {
        Make(new Random(seed));
        var options = Options;
        using var scanner = new NodeScanner(options.Collection, options.Pods, null, TimeProvider.System);
        var snapshot = scanner.Scan(ScanRequest.Full, TestContext.Current.CancellationToken);
        snapshot = scanner.Scan(ScanRequest.Full, TestContext.Current.CancellationToken) with { TakenAt = snapshot.TakenAt.AddSeconds(15) };
        var diagnosis = DiagnosisEngine.Evaluate(new(snapshot, [], options.Diagnosis), []);
        var pages = new ReportPages(snapshot, new SnapshotHistory(), diagnosis, options, new("1", "", ""), TimeProvider.System);
        foreach (var format in Enum.GetValues<ReportFormat>())
        {
            Assert.NotEmpty(pages.Whole(format));
        }
    });

    /// <summary>Writes the tree.</summary>
    /// <param name="random">What is changed in it; null for nothing.</param>
    private void Make(Random? random)
    {
        foreach (var pid in (string[])["1", "42", "43"])
        {
            foreach (var (file, content) in s_process)
            {
                Write($"{pid}/{file}", pid == "1" ? OfTheHost(content) : content, random);
            }
        }

        foreach (var (file, content) in s_process.Where(static file => file.Key.StartsWith("net/", StringComparison.Ordinal)))
        {
            Write(file, content, random);
        }

        Write("net/nf_conntrack", File.ReadAllText(Path.Combine(s_fixture, "net", "nf_conntrack")), random);
        Write("net/stat/nf_conntrack", File.ReadAllText(Path.Combine(s_fixture, "net", "stat", "nf_conntrack")), random);
        foreach (var name in (string[])["nf_conntrack_max", "nf_conntrack_count", "nf_conntrack_tcp_timeout_close_wait", "nf_conntrack_buckets"])
        {
            Write($"sys/net/netfilter/{name}", "60\n", random);
        }

        Write("sys/kernel/hostname", "n1\n", random);
        Write("sys/kernel/osrelease", "6.18.0\n", random);
        var pod = random is null ? "web" : Hostile.Text(random).Replace('/', '_').Replace('\0', '_');
        Directory.CreateDirectory(Path.Combine(_tree, "logs", $"shop_{(pod.Length > 50 ? pod[..50] : pod)}_{Pod}"));
    }

    private static string OfTheHost(string content) =>
        content.Replace("kubepods", "system", StringComparison.Ordinal).Replace("10.244.0.5", "10.0.0.1", StringComparison.Ordinal);

    private void Write(string file, string content, Random? random)
    {
        var path = Path.Combine(_tree, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var bytes = Encoding.ASCII.GetBytes(content);
        File.WriteAllBytes(path, random?.Next(2) is not 1 ? bytes : Hostile.Bytes(bytes, random));
    }
}
