using System.Collections.Immutable;
using System.Globalization;
using Agent.Core.Attribution;
using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;
using Agent.Core.Snapshots;
using Agent.Core.Tallies;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Net;
using Agent.KernelTests.Testing;
using Xunit;

namespace Agent.KernelTests.Conntrack;

/// <summary>120,000 entries of the real kernel to one address and port, half of them TCP and half UDP.</summary>
public sealed class SnatPortTests : IDisposable
{
    private const int EntriesOfEach = 60_000;
    private const string Crawler = "10.244.0.1";

    private readonly NetworkNamespaceFixture _namespace = new();

    public void Dispose() => _namespace.Dispose();

    [Fact]
    public void Evaluate_OnePodFillsThePortsOfTheNode_IsNamedForBothProtocols()
    {
        Load();
        var finding = Assert.Single(new SnatPortPressureRule().Evaluate(new DiagnosisContext(_namespace.Inside(Dump), [], new())));

        Assert.Equal(Severity.Critical, finding.Severity);
        foreach (var protocol in (string[])["tcp", "udp"])
        {
            Assert.Contains(
                finding.Evidence,
                line => line.StartsWith($"60,000 to {protocol} 203.0.113.7:443 as {FilledTable.Node}, of them shop/crawler 60,000: 93% of", StringComparison.Ordinal));
        }
    }

    private static Snapshot Dump()
    {
        ImmutableArray<Owner> owners =
        [
            new(PodIdentity.Host, [0], false, null, null),
            new(new(PodKind.Pod, "shop", "crawler", "uid"), [1], false, null, null),
        ];
        var addresses = new AddressIndex();
        Assert.True(IpAddress.TryParse(Crawler, out var address) && addresses.TryAdd(address, 1));
        var tally = new FlowTally(seed: 3);
        tally.Begin(addresses, owners.Length, new());
        var sink = new FlowTallySink(tally);
        using var table = ConntrackNetlink.Open(TimeSpan.FromSeconds(30));
        table.Dump(0, ref sink, TestContext.Current.CancellationToken);
        return SnapshotBuilder.Build(new NodeSample
        {
            TakenAt = DateTimeOffset.UnixEpoch,
            Duration = TimeSpan.Zero,
            Node = new("node", "", "", false),
            Sources = [],
            Owners = owners,
            Namespaces =
            [
                new() { Inode = 1, Tracking = new(isHost: true) },
                new() { Inode = 2, Tracking = new(isHost: false) },
            ],
            Flows = FlowDumpBuilder.Build(tally, owners, addresses, DateTimeOffset.UnixEpoch, TimeSpan.Zero, new()),
        });
    }

    private void Load()
    {
        var limit = long.Parse(_namespace.Execute("cat", "/proc/sys/net/netfilter/nf_conntrack_max"), CultureInfo.InvariantCulture);
        Assert.SkipUnless(limit == 0 || limit > 2 * EntriesOfEach, $"nf_conntrack_max is {limit}, which is the machine's; this test needs more than {2 * EntriesOfEach}");
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllLines(file, from protocol in (string[])["tcp --state ESTABLISHED", "udp"] from index in Enumerable.Range(0, EntriesOfEach) select Line(protocol, 1024 + index));
            _namespace.Execute("conntrack", "-R", file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static string Line(string protocol, int port) =>
        $"-A -t 3600 -u SEEN_REPLY,ASSURED -s {Crawler} -d 203.0.113.7 -r 203.0.113.7 -q {FilledTable.Node} -p {protocol} --sport {port} --dport 443"
        + $" --reply-port-src 443 --reply-port-dst {port}";
}
