using Agent.Core.Tallies;
using Agent.Kernel.Net;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Core.Tallies;

public sealed class DestinationTableTests
{
    private const int Capacity = 64;
    private readonly DestinationTable _table = new(Capacity, seed: 42);

    [Fact]
    public void Add_NoMoreKeysThanRows_IsExact()
    {
        for (var round = 0; round < 3; round++)
        {
            for (uint host = 0; host < Capacity; host++)
            {
                _table.Add(Key(host), EntryTraits.None);
            }
        }

        Assert.True(_table.IsExact);
        Assert.Equal(0, _table.LargestMissing);
        Assert.Equal(Capacity, _table.Rows.Length);
        Assert.All(_table.Rows.ToArray(), static row => Assert.Equal((3, 0), (row.Entries, row.Error)));
    }

    /// <summary>Were a number of the source code a factor, then addresses of the network named after it would be one chain.</summary>
    [Theory]
    [InlineData(0xA076_1D64_78BD_642F)]
    [InlineData(0)]
    public void Key_AddressesOfAnyNetwork_HashApart(ulong network)
    {
        var hashes = Enumerable.Range(0, 1000).Select(host => new DestinationKey(1, false, 6, new IpAddress(network, (ulong)host), 80, default).GetHashCode());

        Assert.InRange(hashes.Distinct().Count(), 990, 1000);
    }

    [Theory]
    [InlineData(-1, false, 6, 80)]
    [InlineData(3, true, 255, 65535)]
    public void Key_HoldsWhatItWasMadeOf(int owner, bool received, byte protocol, ushort port)
    {
        var key = new DestinationKey(owner, received, protocol, Make.Address("10.0.0.1"), port, default);

        Assert.Equal((owner, received, protocol, port), (key.Owner, key.Received, key.Protocol, key.Port));
    }

    [Fact]
    public void Add_KeysThatDifferInOneMember_AreToldApart()
    {
        var address = Make.Address("10.0.0.1");
        DestinationKey[] keys =
        [
            new(1, false, 6, address, 80, default),
            new(2, false, 6, address, 80, default),
            new(-1, false, 6, address, 80, default),
            new(1, true, 6, address, 80, default),
            new(1, false, 17, address, 80, default),
            new(1, false, 6, Make.Address("10.0.0.2"), 80, default),
            new(1, false, 6, address, 81, default),
            new(1, false, 6, address, 80, Make.Address("192.168.0.1")),
        ];
        foreach (var key in keys)
        {
            _table.Add(key, EntryTraits.None);
        }

        Assert.Equal(keys.ToHashSet(), _table.Rows.ToArray().Select(static row => row.Key).ToHashSet());
    }

    [Fact]
    public void Add_Traits_AreCounted()
    {
        _table.Add(Key(1), EntryTraits.Established | EntryTraits.Redirected);
        _table.Add(Key(1), EntryTraits.TimeWait | EntryTraits.Dns);
        _table.Add(Key(1), EntryTraits.Unreplied);

        var row = Assert.Single(_table.Rows.ToArray());
        Assert.Equal((3, 1, 1, 1, 1), (row.Entries, row.Established, row.TimeWait, row.Unreplied, row.Redirected));
    }

    [Fact]
    public void Add_MoreKeysThanRows_KeepsTheFrequentWithinTheirErrorAndSaysWhatIsMissing()
    {
        var random = new Random(7);
        var truth = new Dictionary<uint, int>();
        var total = 0;
        for (var i = 0; i < 200_000; i++)
        {
            // A few hosts get most: the square of a uniform number.
            var host = (uint)(random.NextDouble() * random.NextDouble() * random.NextDouble() * 20_000);
            truth[host] = truth.GetValueOrDefault(host) + 1;
            total++;
            _table.Add(Key(host), EntryTraits.None);
        }

        var rows = _table.Rows.ToArray().ToDictionary(static row => (uint)row.Key.Address.Low);
        Assert.False(_table.IsExact);
        Assert.Equal(Capacity, rows.Count);
        Assert.Equal(total, rows.Values.Sum(static row => (long)row.Entries));
        Assert.InRange(_table.LargestMissing, 1, total / Capacity);
        Assert.All(rows, row => Assert.InRange(truth.GetValueOrDefault(row.Key), row.Value.Entries - row.Value.Error, row.Value.Entries));
        Assert.All(truth, host => Assert.True(host.Value <= _table.LargestMissing || rows.ContainsKey(host.Key), $"{host} has no row"));
    }

    [Fact]
    public void Add_ScanOfAMillionAddresses_LeavesWhatWasFrequentExactAndAllocatesNothing()
    {
        var hosts = (uint)RandomCases.Of(1_000_000);
        var table = new DestinationTable(TableTally.MaxDestinations, seed: 42);
        var resolver = Make.Address("8.8.8.8");
        Assert.Equal(0, Allocations.LeastOf(() =>
        {
            table.Clear();
            for (var i = 0; i < 120_000; i++)
            {
                table.Add(new(3, false, 17, resolver, 53, default), EntryTraits.None);
            }

            for (uint host = 0; host < hosts; host++)
            {
                table.Add(Key(host), EntryTraits.None);
            }
        }));
        Assert.Equal(TableTally.MaxDestinations, table.Rows.Length);
        var frequent = table.Rows.ToArray().Single(static row => row.Key.Owner == 3);
        Assert.Equal((120_000, 0), (frequent.Entries, frequent.Error));
        Assert.InRange(table.LargestMissing, 1, ((int)hosts / TableTally.MaxDestinations) + 1);
    }

    [Fact]
    public void Clear_AfterOverflow_IsExactAgain()
    {
        for (uint host = 0; host < 10 * Capacity; host++)
        {
            _table.Add(Key(host), EntryTraits.None);
        }

        _table.Clear();
        _table.Add(Key(5), EntryTraits.None);

        Assert.True(_table.IsExact);
        Assert.Equal((1, 0), (Assert.Single(_table.Rows.ToArray()).Entries, _table.Rows[0].Error));
    }

    [Fact]
    public void OrderByPlace_SeveralOwners_PutsOnePlaceTogether()
    {
        for (var owner = 0; owner < 4; owner++)
        {
            for (uint host = 0; host < 8; host++)
            {
                _table.Add(new(owner, false, 6, IpAddress.FromIPv4(host), 443, default), EntryTraits.None);
            }
        }

        var order = _table.OrderByPlace();
        for (var i = 0; i < order.Length; i++)
        {
            Assert.True(_table.Rows[order[i]].Key.IsSamePlace(_table.Rows[order[i / 4 * 4]].Key));
        }
    }

    private static DestinationKey Key(uint host) => new(0, false, 6, IpAddress.FromIPv4(host), 22, default);
}
