using System.Collections.Immutable;
using System.Globalization;
using Agent.Core.Attribution;
using Agent.Core.Model;
using Agent.Core.Snapshots;
using Agent.Core.Tallies;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Net;
using Agent.Kernel.Netlink;
using Agent.KernelTests.Testing;
using Xunit;

namespace Agent.KernelTests.Conntrack;

/// <summary>
/// Who fills a table of the real kernel, compared with conntrack(8). CLOSEWATCH_TEST_TABLE_ENTRIES=235000 makes it a large one of 250 pods,
/// where the pod that scans a network has more destinations than are counted exactly.
/// </summary>
public sealed class TableUseTests : IDisposable
{
    private static readonly int s_entries =
        int.Parse(Environment.GetEnvironmentVariable("CLOSEWATCH_TEST_TABLE_ENTRIES") ?? "24000", CultureInfo.InvariantCulture);

    private static readonly int s_pods = s_entries > 100_000 ? 250 : 40;

    private readonly NetworkNamespaceFixture _namespace = new();
    private readonly AddressIndex _addresses = new();
    private readonly Dictionary<string, int> _ownerOf = new(StringComparer.Ordinal) { [FilledTable.Node] = 0 };
    private readonly ImmutableArray<Owner> _owners;

    public TableUseTests()
    {
        var owners = ImmutableArray.CreateBuilder<Owner>();
        owners.Add(new(PodIdentity.Host, [0], false, null, null));
        for (var pod = 0; pod < s_pods; pod++)
        {
            owners.Add(new(new(PodKind.Pod, "shop", $"pod-{pod}", $"uid-{pod}"), [pod + 1], false, null, null));
            _ownerOf[FilledTable.PodAddress(pod)] = pod + 1;
            _ownerOf[FilledTable.PodAddress6(pod)] = pod + 1;
        }

        _owners = owners.ToImmutable();
        foreach (var (text, owner) in _ownerOf)
        {
            Assert.True(IpAddress.TryParse(text, out var address) && _addresses.TryAdd(address, owner));
        }
    }

    public void Dispose() => _namespace.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Dump_TableOfManyPods_EqualsConntrackTool(bool byNetlink)
    {
        Load();
        var listed = _namespace.Execute("conntrack", "-L", "-o", "extended").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(ListedEntry.Parse).ToArray();
        Assert.Equal(s_entries, listed.Length);

        var dump = _namespace.Inside(() => Dump(byNetlink));

        Assert.Equal(s_entries, dump.Summary.Total);
        AssertOwners(listed, dump);
        AssertDestinations(listed, dump.Summary.Use);
        AssertTranslations(listed, dump.Summary.Use);
        Assert.Equal(
            listed.CountBy(static entry => entry.Zone).Select(static zone => $"{(zone.Key.Length > 0 ? zone.Key : "0")}={zone.Value}").Order(StringComparer.Ordinal),
            dump.Summary.Use.Zones.Select(static zone => $"{zone.Zone}={zone.Entries}").Order(StringComparer.Ordinal));
    }

    private void AssertOwners(ListedEntry[] listed, FlowDump dump)
    {
        var expected = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var entry in listed)
        {
            var initiator = OwnerOf(entry.Source);
            var responder = OwnerOf(entry.ReplySource);
            Count(expected, initiator >= 0 ? $"{initiator} {entry.Protocol} originated" : "");
            Count(expected, responder >= 0 ? $"{responder} {entry.Protocol} received" : "");
            Count(expected, initiator < 0 && responder < 0 ? $"nobody {entry.Protocol}" : "");
        }

        var actual = new SortedDictionary<string, long>(StringComparer.Ordinal);
        for (var slot = 0; slot < EntryProtocols.Count; slot++)
        {
            for (var owner = 0; owner < _owners.Length; owner++)
            {
                var entries = dump.Entries[_owners[owner].Identity];
                Note(actual, $"{owner} {EntryProtocols.Names[slot]} originated", entries.OriginatedBy(slot));
                Note(actual, $"{owner} {EntryProtocols.Names[slot]} received", entries.ReceivedBy(slot));
            }

            Note(actual, $"nobody {EntryProtocols.Names[slot]}", dump.Summary.Use.Nobody.OriginatedBy(slot));
        }

        Assert.Equal(expected, actual);
    }

    private void AssertDestinations(ListedEntry[] listed, TableUse use)
    {
        var expected = listed
            .CountBy(entry =>
            {
                var received = OwnerOf(entry.Source) < 0 && OwnerOf(entry.ReplySource) >= 0;
                return (Owner: received ? OwnerOf(entry.ReplySource) : OwnerOf(entry.Source), received, entry.Protocol, Place(entry.Destination, entry.Port));
            })
            .ToDictionary(static pair => pair.Key, static pair => pair.Value);
        Assert.Equal(expected.Count > TableTally.MaxDestinations, use.LargestMissing > 0);
        Assert.Equal(Math.Min(50, expected.Count), use.Destinations.Length);
        Assert.Equal(
            expected.Values.OrderDescending().Take(use.Destinations.Length).Select(static count => (long)count),
            use.Destinations.Select(static destination => destination.Entries));
        Assert.All(use.Destinations, destination =>
        {
            var owner = destination.Owner is null ? -1 : _owners.Single(owner => owner.Identity == destination.Owner) is var found ? _owners.IndexOf(found) : -1;
            var count = expected[(owner, destination.Received, destination.Place.Protocol, destination.Place.Destination)];
            Assert.Equal((count, 0L), (destination.Entries, destination.Error));
        });
    }

    private static void AssertTranslations(ListedEntry[] listed, TableUse use)
    {
        var expected = listed
            .Where(static entry => entry.Port.Length > 0 && (entry.ReplyDestination != entry.Source || entry.ReplyDestinationPort != entry.SourcePort))
            .CountBy(entry => (entry.ReplyDestination, entry.Protocol, Place(entry.ReplySource, entry.ReplyPort)))
            .ToDictionary(static pair => pair.Key, static pair => (long)pair.Value);
        Assert.NotEmpty(expected);
        Assert.Equal(Math.Min(10, expected.Count), use.Translated.Length);
        Assert.All(use.Translated, shared =>
        {
            Assert.Equal(expected[(shared.TranslatedTo.ToString()!, shared.Place.Protocol, shared.Place.Destination)], shared.Entries);
            Assert.Equal(0, shared.Error);
        });
    }

    private FlowDump Dump(bool byNetlink)
    {
        var tally = new FlowTally(seed: 99);
        tally.Begin(_addresses, _owners.Length, new());
        var sink = new FlowTallySink(tally);
        using var buffer = new NetlinkBuffer();
        if (byNetlink)
        {
            using var table = ConntrackNetlink.Open(TimeSpan.FromSeconds(30), buffer);
            table.Dump(0, ref sink, TestContext.Current.CancellationToken);
        }
        else
        {
            ConntrackProcFs.Dump("/proc/thread-self/net/nf_conntrack", buffer, ref sink, TestContext.Current.CancellationToken);
        }

        return FlowDumpBuilder.Build(tally, _owners, _addresses, DateTimeOffset.UnixEpoch, TimeSpan.Zero, new());
    }

    private void Load()
    {
        var limit = long.Parse(_namespace.Execute("cat", "/proc/sys/net/netfilter/nf_conntrack_max"), CultureInfo.InvariantCulture);
        Assert.SkipUnless(limit == 0 || limit > s_entries, $"nf_conntrack_max is {limit}, which is the machine's; this test needs more than {s_entries}");
        var file = Path.GetTempFileName();
        try
        {
            FilledTable.Write(file, s_entries, s_pods);
            _namespace.Execute("conntrack", "-R", file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private int OwnerOf(string address) => _ownerOf.GetValueOrDefault(address, -1);

    private static string Place(string address, string port) =>
        port.Length == 0 ? address : address.Contains(':', StringComparison.Ordinal) ? $"[{address}]:{port}" : $"{address}:{port}";

    private static void Count(SortedDictionary<string, long> counts, string key) => Note(counts, key, key.Length > 0 ? 1 : 0);

    private static void Note(SortedDictionary<string, long> counts, string key, long count)
    {
        if (count > 0)
        {
            counts[key] = counts.GetValueOrDefault(key) + count;
        }
    }
}
