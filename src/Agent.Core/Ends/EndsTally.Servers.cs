using Agent.Core.Model;
using Agent.Kernel.Net;

namespace Agent.Core.Ends;

/// <content>
/// Which addresses and ports are servers of this node. A request that only its client tells of is counted at its server's pod, too: the
/// kernel says nothing of a connection that lay in the accept queue when its server died (inet_child_forget).
/// </content>
public sealed partial class EndsTally
{
    /// <summary>How many servers are remembered. Of others, such a request is counted at its client's pod.</summary>
    public const int MaxServers = 4096;

    /// <summary>
    /// How long a client's loss waits for word of a server that nothing is known of. Where listening has just begun, the server's side may
    /// have ended before, and the next scan or the next connection tells that it is here.
    /// </summary>
    public static readonly TimeSpan UnknownServerPatience = TimeSpan.FromSeconds(4);

    private readonly Dictionary<(IpAddress Address, ushort Port), EndsNamespace> _servers = [];

    // Null for what several namespaces have: a bridge's address, that of a container network that is there twice.
    private readonly Dictionary<IpAddress, EndsNamespace?> _places = [];

    /// <summary>How many are remembered.</summary>
    public int Servers => _servers.Count;

    /// <summary>
    /// Says which addresses a namespace has: what listens there is a server of this node, although none of its connections has ended since
    /// listening began. Not for the node's own namespace, which may have the addresses of Services (IPVS).
    /// </summary>
    /// <param name="network">The namespace.</param>
    /// <param name="addresses">Its addresses.</param>
    public void NoteAddresses(EndsNamespace network, ReadOnlySpan<IpAddress> addresses)
    {
        foreach (var address in addresses)
        {
            if (address.IsLoopback || address.IsLinkLocal)
            {
                continue;
            }

            if (_places.TryGetValue(address, out var known))
            {
                _places[address] = known == network || known is { IsGone: true } ? network : null;
            }
            else if (_places.Count < MaxServers)
            {
                _places[address] = network;
            }
        }
    }

    /// <summary>
    /// Forgets the servers and addresses of namespaces that are gone, and so those namespaces' counters. After
    /// <see cref="EndsNamespace.IsGone"/> of any was set.
    /// </summary>
    public void ForgetServersThatAreGone()
    {
        foreach (var (server, network) in _servers)
        {
            if (network.IsGone)
            {
                _servers.Remove(server);
            }
        }

        foreach (var (address, network) in _places)
        {
            // What several namespaces had may be one's now: the next scan tells.
            if (network is null or { IsGone: true })
            {
                _places.Remove(address);
            }
        }
    }

    private EndsNamespace? ServerAt(IpAddress address, ushort port) =>
        _servers.TryGetValue((address, port), out var heard) ? heard
        : _places.GetValueOrDefault(address) is { } place && place.Listens(port) ? place
        : null;

    private void NoteServer(in EndRecord record)
    {
        if (record is not { Facts.Role: EndRole.Server, RoleIsGuess: false })
        {
            return;
        }

        if (record.Facts.SentBytes > 0)
        {
            record.Port.SawAnswer();
        }

        var server = (record.Tuple.Source, record.Tuple.SourcePort);
        if (record.Tuple.Source.IsLoopback || (_servers.TryGetValue(server, out var known) && known == record.Network))
        {
            return;
        }

        if (_servers.Count < MaxServers && !record.Network.IsGone)
        {
            _servers[server] = record.Network;
        }
    }

    /// <summary>Where a client's loss is counted whose server is a pod of this node that said nothing of it; null for others.</summary>
    /// <remarks>Namespaces that no scan has found are heard, too, where a veth pair leads to them; they are nobody's.</remarks>
    private PortEnds? ServerPortOf(in EndRecord client) => client.Server ?? ServerPortAt(client.Tuple.Reversed);

    /// <summary>
    /// Where a server counts its losses whose view of a connection this is; null when it is not known to be on this node.
    /// </summary>
    private PortEnds? ServerPortAt(in ConnectionTuple view)
    {
        if (ServerAt(view.Source, view.SourcePort) is not { IsGone: false } network)
        {
            return null;
        }

        var owner = network.OwnerOf(view, EndRole.Server);
        return IsSomebodys(owner) ? owner.Port(EndRole.Server, view.SourcePort) : null;
    }

    /// <summary>False for namespaces that no scan has found.</summary>
    private bool IsSomebodys(PodEnds owner) => _pods.GetValueOrDefault(owner.Identity) == owner;
}
