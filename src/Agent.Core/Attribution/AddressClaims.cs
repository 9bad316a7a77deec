using System.Collections.Immutable;
using Agent.Core.Model;
using Agent.Kernel.Net;

namespace Agent.Core.Attribution;

/// <summary>
/// Decides whose address is whose. In this order: what the API server says of the pods; the host's own; what the primary namespaces have
/// and the node has a route to; the rest. Among equals pods before others, and whoever has run longer: an address that comes later to a
/// second namespace does not move. An address that traffic of this node can be for and that two have is a conflict, which is told.
/// </summary>
public sealed class AddressClaims
{
    /// <summary>How many conflicts are kept to be shown.</summary>
    public const int MaxConflicts = 16;

    private readonly ImmutableArray<Owner> _owners;
    private readonly Func<int, ImmutableArray<IpAddress>> _addressesOf;
    private readonly RouteSet _hostRoutes;
    private readonly HashSet<IpAddress> _ofApi = [];
    private readonly HashSet<(IpAddress, int)> _contested = [];
    private readonly List<AddressConflict> _conflicts = [];

    private AddressClaims(ImmutableArray<Owner> owners, Func<int, ImmutableArray<IpAddress>> addressesOf, RouteSet hostRoutes)
    {
        _owners = owners;
        _addressesOf = addressesOf;
        _hostRoutes = hostRoutes;
    }

    /// <summary>Address to owner index.</summary>
    public AddressIndex Index { get; } = new();

    /// <summary>All conflicts.</summary>
    public int ConflictCount => _contested.Count;

    /// <summary>The first <see cref="MaxConflicts"/> of them.</summary>
    public IReadOnlyList<AddressConflict> Conflicts => _conflicts;

    /// <summary>Decides for one scan.</summary>
    /// <param name="owners">The host first.</param>
    /// <param name="addressesOf">Addresses of a namespace by its index.</param>
    /// <param name="hostRoutes">Where the node routes packets to, without default routes.</param>
    public static AddressClaims Resolve(
        ImmutableArray<Owner> owners, Func<int, ImmutableArray<IpAddress>> addressesOf, RouteSet hostRoutes)
    {
        var claims = new AddressClaims(owners, addressesOf, hostRoutes);
        var byRank = ByRank(owners);
        claims.ClaimByApi(byRank);
        claims.ClaimAll(Owner.HostIndex, addressesOf(Owner.HostNamespaceIndex));
        foreach (var owner in byRank)
        {
            if (!owners[owner].HostNetwork)
            {
                claims.ClaimRouted(owner, addressesOf(owners[owner].NamespaceIndex));
            }
        }

        foreach (var owner in byRank)
        {
            foreach (var index in owners[owner].Namespaces)
            {
                if (index != Owner.HostNamespaceIndex)
                {
                    claims.ClaimAll(owner, addressesOf(index));
                }
            }
        }

        return claims;
    }

    /// <summary>Pods first, then whoever has run longest.</summary>
    private static int[] ByRank(ImmutableArray<Owner> owners)
    {
        var byRank = new int[owners.Length];
        for (var owner = 0; owner < byRank.Length; owner++)
        {
            byRank[owner] = owner;
        }

        Array.Sort(byRank, (one, other) =>
        {
            var byKind = IsPod(other).CompareTo(IsPod(one));
            var byAge = byKind != 0 ? byKind : Running(other).CompareTo(Running(one));
            return byAge != 0 ? byAge : one.CompareTo(other);
        });
        return byRank;

        bool IsPod(int owner) => owners[owner].Identity.Kind == PodKind.Pod;

        TimeSpan Running(int owner) => owners[owner].Running ?? TimeSpan.Zero;
    }

    /// <summary>The addresses that the API server gives to pods with a network of their own.</summary>
    private void ClaimByApi(int[] byRank)
    {
        foreach (var owner in byRank)
        {
            foreach (var address in _owners[owner].HostNetwork ? [] : _owners[owner].Kubernetes?.Addresses ?? [])
            {
                _ofApi.Add(address);
                Claim(owner, address);
            }
        }
    }

    /// <summary>Those that the node has a route to.</summary>
    private void ClaimRouted(int owner, ImmutableArray<IpAddress> addresses)
    {
        foreach (var address in addresses)
        {
            if (_hostRoutes.Contains(address))
            {
                Claim(owner, address);
            }
        }
    }

    private void ClaimAll(int owner, ImmutableArray<IpAddress> addresses)
    {
        foreach (var address in addresses)
        {
            Claim(owner, address);
        }
    }

    private void Claim(int owner, IpAddress address)
    {
        if (Index.TryAdd(address, owner))
        {
            return;
        }

        // What is the host's own never leaves the host as anybody else's; nested networks have it too, by chance.
        var winner = Index.Find(address);
        if (winner > Owner.HostIndex && winner != owner && (_ofApi.Contains(address) || _hostRoutes.Contains(address)))
        {
            if (_contested.Add((address, owner)) && _conflicts.Count < MaxConflicts)
            {
                _conflicts.Add(new AddressConflict(address, winner, owner));
            }
        }
    }
}

/// <summary>An address that two owners have.</summary>
/// <param name="Address">The address.</param>
/// <param name="OwnerIndex">Whom it is counted for.</param>
/// <param name="OtherIndex">Who has it too.</param>
public sealed record AddressConflict(IpAddress Address, int OwnerIndex, int OtherIndex);
