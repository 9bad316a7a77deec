using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Agent.KernelTests.Sources;
using Agent.KernelTests.Testing;
using Xunit;

namespace Agent.KernelTests.Capture;

/// <summary><c>closewatch capture</c> here, <c>closewatch report --proc-root</c> there: the same report, for what procfs has.</summary>
public sealed partial class CaptureTests : IDisposable
{
    // Namespaces of tests beside this one have the same addresses: what comes or goes between two readings changes whose entries are whose.
    private const int Attempts = 4;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory();
    private int _captures;

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Capture_Report_IsTheSameThere()
    {
        using var network = new RoutedNetwork();
        using var server = IdleProcess.Start(network.Server);
        network.Client.Execute("iptables", "-w", "-A", "OUTPUT", "-m", "conntrack", "--ctstate", "NEW", "-j", "ACCEPT");
        network.Client.Execute("sysctl", "-qw", "net.netfilter.nf_conntrack_tcp_timeout_close_wait=77");
        network.Router.Execute("sysctl", "-qw", "net.netfilter.nf_conntrack_tcp_timeout_close_wait=3599");

        // A client that never closes what its server closes, and one whose process is elsewhere.
        using var leaking = HoldConnection(network, out var accepted);
        accepted.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        network.Connect(network.ServerAddress, RoutedNetwork.ServerPort).Client.Shutdown(System.Net.Sockets.SocketShutdown.Send);

        string[] namespaces = [Inode(network.Client), Inode(network.Router), Inode(network.Server)];
        var names = new[] { network.Client, network.Router, network.Server }.ToDictionary(static one => $"netns:{one.Name}", static one => $"netns:{Inode(one)}");
        var (here, there) = ReadBoth(network);
        for (var again = 0; again < Attempts && Comparable(here, namespaces, names) != Comparable(there, namespaces, names); again++)
        {
            (here, there) = ReadBoth(network);
        }

        Assert.True(there.GetProperty("node").GetProperty("capturedTree").GetBoolean());
        Assert.Equal(Comparable(here, namespaces, names), Comparable(there, namespaces, names));

        // What the comparison would miss if both lacked it.
        var client = there.GetProperty("pods").EnumerateArray().Single(pod => pod.GetProperty("netns").ToString() == namespaces[0]);
        Assert.Equal(1, client.GetProperty("halfClosed").GetProperty("sockets").GetProperty("closeWait").GetInt32());
        Assert.Contains("\"tcp_timeout_close_wait\": 77", there.GetProperty("timeouts").GetProperty("pods").GetRawText(), StringComparison.Ordinal);
        Assert.Equal(3599, there.GetProperty("timeouts").GetProperty("host").GetProperty("tcp_timeout_close_wait").GetInt32());
        Assert.Contains(there.GetProperty("connections").EnumerateArray(), connection =>
            connection.TryGetProperty("process", out var process) && process.GetString()!.StartsWith("bash", StringComparison.Ordinal));
    }

    [Fact]
    public void Capture_Archive_HoldsWhatAReportReadsAndNothingElse()
    {
        using var network = new RoutedNetwork();
        using var server = IdleProcess.Start(network.Server);
        network.Connect(network.ServerAddress, RoutedNetwork.ServerPort).Client.Shutdown(System.Net.Sockets.SocketShutdown.Send);

        Capture(network);

        var names = Run("tar", "-tzf", Path.Combine(_directory.FullName, "node.tar.gz")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(names, static name => Assert.Matches(Expected(), name));
        Assert.Contains(names, static name => name.EndsWith("/net/nf_conntrack", StringComparison.Ordinal));
    }

    private (JsonElement Here, JsonElement There) ReadBoth(RoutedNetwork network)
    {
        var here = network.Report("--fresh", "--Collection:Conntrack=procfs", "--Collection:Sockets=procfs");
        var tree = Capture(network);
        return (here, JsonDocument.Parse(Run(Programs.Closewatch, "report", "-o", "json", "--proc-root", tree)).RootElement);
    }

    private string Capture(RoutedNetwork network)
    {
        var file = Path.Combine(_directory.FullName, "node.tar.gz");
        network.Router.Execute(Programs.Closewatch, "capture", file);
        var tree = _directory.CreateSubdirectory($"{++_captures}");
        Run("tar", "-xzf", file, "-C", tree.FullName);
        return tree.GetDirectories().Single().FullName;
    }

    private static Process HoldConnection(RoutedNetwork network, out System.Net.Sockets.Socket accepted)
    {
        var process = Process.Start(new ProcessStartInfo(
            "nsenter",
            [$"--net={network.Client.Path}", "bash", "-c", $"exec 3<>/dev/tcp/{network.ServiceAddress}/80; read -r -t 1000"])
        {
            RedirectStandardInput = true,
        })!;
        accepted = network.Accept();
        return process;
    }

    /// <summary>What is the same in two readings a moment apart, of the given namespaces, which have names only on a live system.</summary>
    private static string Comparable(JsonElement report, string[] namespaces, Dictionary<string, string> names)
    {
        var text = names.Aggregate(report.GetRawText(), static (all, name) => all.Replace(name.Key, name.Value, StringComparison.Ordinal));
        var root = JsonNode.Parse(text)!.AsObject();
        string[] owners = ["host", .. names.Values];
        root.Remove("scan");
        root["node"]!.AsObject().Remove("takenAt");
        root["node"]!.AsObject().Remove("capturedTree");
        Keep(root, "pods", pod => namespaces.Contains(pod["netns"]?.ToString()));
        Keep(root, "connections", connection => owners.Contains(connection["pod"]!.ToString()));
        Keep(root, "findings", finding => owners.Contains(finding["subject"]!["name"]?.ToString()));
        Keep(root["timeouts"]!.AsObject(), "pods", pod => owners.Contains(pod["name"]!.ToString()));
        if (root["conntrack"]?["topPods"] is not null)
        {
            Keep(root["conntrack"]!.AsObject(), "topPods", pod => owners.Contains(pod["pod"]!.ToString()));
        }

        // Of sockets it says why netlink was not used, which is no matter there.
        Keep(root, "sources", static source => source["name"]!.ToString() is "conntrack" or "conntrack_stats" or "sysctl");
        foreach (var source in root["sources"]!.AsArray())
        {
            // How many there are of the whole machine changes while the test runs; why something is missing is another reason there.
            source!.AsObject().Remove("durationSeconds");
            source.AsObject().Remove("records");
            source.AsObject().Remove("detail");
        }

        // They are of all findings, also of those about the rest of the machine.
        root.Remove("verdict");
        root.Remove("headline");
        root.Remove("summary");
        // A second or two pass between the two readings.
        return Expiry().Replace(root.ToJsonString(new() { WriteIndented = true }), "");
    }

    private static void Keep(JsonObject parent, string member, Func<JsonNode, bool> isKept) => parent[member] = new JsonArray(
        [.. parent[member]!.AsArray().Where(item => isKept(item!)).OrderBy(static item => item!.ToJsonString(), StringComparer.Ordinal).Select(static item => item!.DeepClone())]);

    private static string Inode(NetworkNamespaceFixture one) =>
        Run("stat", "-Lc", "%i", one.Path).Trim();

    private static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output;
    }

    [GeneratedRegex("\"expiresInSeconds\": [0-9]+,?")]
    private static partial Regex Expiry();

    [GeneratedRegex(
        "^closewatch-[^/]+/(uptime|net|sys/kernel/(hostname|osrelease|random/boot_id)|sys/net/(bridge/bridge-nf-call-iptables|ipv4/ip_local_port_range)"
        + "|([0-9]+/)?sys/net/netfilter/nf_conntrack_[a-z0-9_]+|[0-9]+/(stat|cgroup|net|ns/net|fd/[0-9]+"
        + "|net/(tcp6?|sockstat6?|snmp|netstat|fib_trie|if_inet6|route|ipv6_route|nf_conntrack|stat/nf_conntrack)))$")]
    private static partial Regex Expected();
}
