using Agent.Kernel.Net;

namespace Agent.Core.Attribution;

/// <summary>Address ranges, to be asked for an address at the cost of their different lengths, not of their number.</summary>
public sealed class RouteSet
{
    private readonly HashSet<IpNetwork> _networks = [];
    private readonly List<int> _prefixLengths = [];

    /// <summary>Takes over ranges.</summary>
    public RouteSet(IEnumerable<IpNetwork> networks)
    {
        ArgumentNullException.ThrowIfNull(networks);
        foreach (var network in networks)
        {
            _networks.Add(network.Canonical);
            if (!_prefixLengths.Contains(network.PrefixLength))
            {
                _prefixLengths.Add(network.PrefixLength);
            }
        }
    }

    /// <summary>No range.</summary>
    public static RouteSet None { get; } = new([]);

    /// <summary>True when one of the ranges contains the address.</summary>
    public bool Contains(IpAddress address)
    {
        foreach (var length in _prefixLengths)
        {
            if (_networks.Contains(new IpNetwork(address, length).Canonical))
            {
                return true;
            }
        }

        return false;
    }
}
