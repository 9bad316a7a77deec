using System.Collections.Immutable;
using Agent.Kernel.Net;

namespace Agent.Core.Model;

/// <summary>Public ranges from which a cloud's load balancers and health checks connect, and from which nothing else does.</summary>
/// <remarks>Source: https://cloud.google.com/load-balancing/docs/health-check-concepts#ip-ranges</remarks>
public static class LoadBalancerRanges
{
    private static readonly ImmutableArray<IpNetwork> s_networks =
    [
        Network("35.191.0.0", 16 + IpNetwork.MappedPrefixLength),
        Network("130.211.0.0", 22 + IpNetwork.MappedPrefixLength),
        Network("2600:2d00:1:b029::", 64),
        Network("2600:2d00:1:1::", 64),
    ];

    /// <summary>True when the address is one of a load balancer.</summary>
    public static bool Contains(IpAddress address)
    {
        foreach (var network in s_networks)
        {
            if (network.Contains(address))
            {
                return true;
            }
        }

        return false;
    }

    private static IpNetwork Network(string address, int prefixLength) =>
        IpAddress.TryParse(address, out var parsed) ? new(parsed, prefixLength) : throw new ArgumentException(address, nameof(address));
}
