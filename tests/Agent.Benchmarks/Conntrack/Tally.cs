using System.Globalization;
using Agent.Core.Attribution;
using Agent.Core.Tallies;
using Agent.Kernel.Net;
using Agent.Kernel.Netlink;

namespace Agent.Benchmarks.Conntrack;

/// <summary>Counts entries as a scan does: by protocol and state, by pod, by destination. Made once, as a scanner keeps it.</summary>
internal sealed class Tally
{
    private const int Pods = 250;
    private const int AddressesEach = 8;

    private readonly AddressIndex _addresses = new();
    private readonly HalfClosedTable _sockets = new();
    private readonly FlowTally _tally = new(seed: 1);

    public Tally()
    {
        for (var index = 0; index < Pods * AddressesEach; index++)
        {
            var text = string.Create(CultureInfo.InvariantCulture, $"10.0.{index >> 8}.{index & 0xFF}");
            _addresses.TryAdd(IpAddress.TryParse(text, out var address) ? address : default, 1 + (index / AddressesEach));
        }

        _sockets.BuildIndex();
    }

    /// <summary>For the next dump.</summary>
    public FlowTallySink Begin()
    {
        _tally.Begin(_addresses, Pods + 1, _sockets);
        return new(_tally);
    }

    /// <summary>A benchmark of a wrong answer is worth nothing.</summary>
    public void Verify(DumpResult result, int entries)
    {
        var isWhole = result.Messages == entries && result.Malformed == 0 && _tally.Total == entries;
        if (!isWhole || _tally.Count(6, 5) == 0 || _tally.HalfClosed.CloseWait == 0 || _tally.Table.EntriesOf(1)[0] == 0)
        {
            throw new InvalidOperationException($"{entries} entries were loaded, the scan saw {result}");
        }
    }
}
