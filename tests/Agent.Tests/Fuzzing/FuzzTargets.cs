using System.Text;
using System.Text.Json;
using Agent.Core.Attribution;
using Agent.Http;
using Agent.Kernel;
using Agent.Kernel.Conntrack;
using Agent.Kernel.SockDiag;
using Agent.Kubernetes;
using Agent.Remediation;
using Agent.Reporting;
using Agent.Tests.Kernel.ProcFs;
using Agent.Tests.Kernel.Testing;
using Agent.Tracing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using static Agent.Tests.Kernel.Testing.NetlinkBytes;

namespace Agent.Tests.Fuzzing;

/// <summary>Every reader of bytes that the kernel, pods, the API server, clients or an older file bring.</summary>
internal static class FuzzTargets
{
    private const string Line =
        "ipv4     2 tcp      6 3597 CLOSE_WAIT src=10.244.0.5 dst=10.96.0.10 sport=30002 dport=80 packets=3 bytes=40 "
        + "src=fd00:0010:0244:0000:0000:0000:0000:0007 dst=fd00::1 sport=8080 dport=30002 packets=5 bytes=6 [ASSURED] mark=7 zone=7 delta-time=2 use=2\n";

    private const string State =
        """{"schema":"closewatch.remediation/v1","bootId":"boot","values":[{"scope":"pods","namespace":"shop","name":"web","uid":"u","namespaceInode":4026532000,"sysctl":"nf_conntrack_tcp_timeout_close_wait","original":60,"written":3600,"writtenAt":"2026-11-21T03:00:00Z"}]}""";

    /// <summary>In memory; one for all, as making one takes longer than reading.</summary>
    private static readonly Lazy<string> s_directory = new(static () =>
    {
        var directory = Directory.CreateDirectory($"/dev/shm/closewatch-fuzz-{Environment.ProcessId}").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(directory, recursive: true);
        return directory;
    });

    private static readonly OwnNames s_names = new(["n1"], null, TimeProvider.System);
    private static readonly NetlinkRequest s_request = new(0x101, 0x301, 1, []);

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new(
            "netlink",
            [Join(Part(s_request, FlowBytes.CloseWait()), Part(s_request, FlowBytes.CloseWait()), Error(s_request, 5, "a message", capped: false), Done(s_request))],
            ReadDump) { IsDocumented = static exception => exception is KernelException },
        new("conntrack-netlink", [FlowBytes.CloseWait()], static bytes =>
        {
            var flow = default(ConntrackFlow);
            _ = ConntrackFlowParser.TryParse(bytes, ref flow);
        }),
        new("sock-diag", [.. Fixture("sock_diag/connection-ends-6.18.txt").Where(static line => line[0] != '#').Select(static line => Convert.FromHexString(line.Split(' ')[1]))], ReadSockets),
        new("conntrack-text", [.. Fixture("proc/linux-6.18/net/nf_conntrack").Append(Line).Select(static line => Encoding.ASCII.GetBytes(line + "\n"))], static bytes => _ = ChunkedText.Read(bytes, new byte[256 + (bytes.Length % 256)])),
        new("conntrack-counters", [.. Texts(string.Join('\n', Fixture("proc/linux-6.18/net/stat/nf_conntrack")))], static bytes => NfConntrackStat.Parse(bytes)),
        new("proc", [.. HostileFileTests.Files.Select(Encoding.ASCII.GetBytes)], HostileFileTests.ReadAll),
        new(
            "cgroup",
            [
                .. Texts(
                    "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0f1e2d3c_4b5a_6978_8796_a5b4c3d2e1f0.slice/cri-containerd-8c9e.scope\n",
                    "12:memory:/kubepods/besteffort/pod0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n",
                    "0::/system.slice/docker-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope\n",
                    "1:name=systemd:/kubelet/kubepods/pod0123456789abcdef0123456789abcdef/crio-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"),
            ],
            static bytes => new CgroupClassifier().Classify(bytes)),
        new("api", [.. Fixtures("kubernetes").Select(static pod => (byte[])[.. "{\"type\":\"MODIFIED\",\"object\":"u8, .. pod, (byte)'}'])], ReadApi)
        {
            IsDocumented = static exception => exception is JsonException or EndOfStreamException or ApiServerException,
        },
        new("kube-proxy", [.. Texts("""{"kubeproxy.config.k8s.io":{"conntrack":{"maxPerCore":32768,"min":131072,"tcpEstablishedTimeout":"24h0m0s","tcpCloseWaitTimeout":"1h0m0s","tcpBeLiberal":true}}}""")], static bytes => KubeProxyConfigz.TryParse(bytes, out _)),
        new("state", [.. Texts(State)], ReadState),
        new(
            "request",
            [.. Texts("?namespace=shop&pod=web&top=5&output=json&width=80&connections=3&quiet=true&color=never&unicode=1", "?pod=shop%2Fweb&port=8080&lost=true", "localhost:9742", "[fd00::1%25eth0]:9742")],
            ReadRequest),
    ];

    private static void ReadDump(byte[] bytes)
    {
        using var kernel = new HostileKernel { Datagram = bytes };
        using var table = new ConntrackNetlink(kernel);
        var sink = new NoSink();
        table.Dump(0, ref sink, CancellationToken.None);
    }

    private static void ReadSockets(byte[] bytes)
    {
        _ = InetDiagMessage.TryParse(bytes, out _);
        var ends = new ConnectionEndReader(bytes, 0);
        while (ends.MoveNext())
        {
        }
    }

    /// <summary>An event of a watch by itself, the same within a list, and as the body of an error.</summary>
    private static void ReadApi(byte[] bytes)
    {
        _ = ApiServerStatus.Parse(System.Net.HttpStatusCode.Gone, bytes).ToException("the list of pods", null).Message;
        using var framer = JsonFramer.ForSequence(ObjectList.MaxObjectBytes);
        ReadOnlySpan<byte> input = bytes;
        while (framer.Read(ref input) != JsonFrameResult.NeedsInput)
        {
            _ = WatchEvent.Parse(framer.Frame);
        }

        using var list = new MemoryStream([.. "{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"1\"},\"items\":["u8, .. bytes, .. "]}"u8]);
        _ = PodList.ReadAsync(list, CancellationToken.None).GetAwaiter().GetResult();
    }

    private static void ReadState(byte[] bytes)
    {
        var directory = s_directory.Value;
        File.WriteAllBytes(Path.Combine(directory, "remediation.json"), bytes);
        var state = new RemediationState(directory);
        _ = state.Load("boot");
        foreach (var (_, value) in state.Values)
        {
            _ = value.Target.DisplayName;
        }
    }

    /// <summary>The query of a URL, and the Host header.</summary>
    private static void ReadRequest(byte[] bytes)
    {
        var text = Encoding.Latin1.GetString(bytes);
        var query = new QueryCollection(QueryHelpers.ParseQuery(text));
        _ = ReportQuery.Parse(query, ReportFormat.Text, out _)?.ToQueryString();
        if (TraceQuery.Parse(query, out _) is { } filter)
        {
            _ = TraceQuery.ToPath(filter);
        }

        var context = new DefaultHttpContext();
        context.Request.Headers.Host = text;
        _ = s_names.Include(context);
    }

    private static IEnumerable<byte[]> Texts(params string[] texts) => texts.Select(Encoding.UTF8.GetBytes);

    private static string[] Fixture(string name) => File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Fixtures", name));

    private static IEnumerable<byte[]> Fixtures(string folder) =>
        Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Fixtures", folder), "*.json").Order(StringComparer.Ordinal).Select(File.ReadAllBytes);
}
