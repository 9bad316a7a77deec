using System.Collections.Immutable;
using Agent.Kernel.Net;

namespace Agent.Core.Model;

/// <summary>Who fills the host's conntrack table, and with connections to where, in one dump.</summary>
public sealed record TableUse
{
    /// <summary>The name of nobody on this node, where there must be one: no pod can be called so.</summary>
    public const string NobodyName = "_unattributed";

    /// <summary>A table that nobody uses.</summary>
    public static TableUse None { get; } = new();

    /// <summary>The owners with the most entries, most first; a bounded number.</summary>
    public ImmutableArray<TableUser> Users { get; init; } = [];

    /// <summary>The destinations with the most entries of one owner, most first; a bounded number.</summary>
    public ImmutableArray<TableDestination> Destinations { get; init; } = [];

    /// <summary>
    /// Destinations with the most entries whose source is translated to one address, over all owners: they share that address's ports.
    /// </summary>
    public ImmutableArray<SharedDestination> Translated { get; init; } = [];

    /// <summary>Destinations with the most entries over all owners of this node, whatever is translated.</summary>
    public ImmutableArray<SharedDestination> Shared { get; init; } = [];

    /// <summary>Entries with neither end on this node: forwarded ones, and what pods have left that are gone.</summary>
    public OwnerEntries Nobody { get; init; } = OwnerEntries.None;

    /// <summary>Entries by zone, most first. One zone is the rule; more are used by OVN, Cilium chaining, OpenShift.</summary>
    public ImmutableArray<ZoneCount> Zones { get; init; } = [];

    /// <summary>Entries of zones beyond those that are told apart.</summary>
    public long BeyondZones { get; init; }

    /// <summary>
    /// The most entries that a destination can have which is in no list for want of memory; 0: all destinations were counted.
    /// </summary>
    public long LargestMissing { get; init; }

    /// <summary>How fast all entries have become more in the last dumps, in entries a second; null for a single dump.</summary>
    public double? PerSecond { get; init; }
}

/// <summary>One of those that fill the table.</summary>
/// <param name="Identity">Who; null for nobody on this node.</param>
/// <param name="Entries">Its entries.</param>
/// <param name="Destinations">Where most of them go to, most first; a few.</param>
public sealed record TableUser(PodIdentity? Identity, OwnerEntries Entries, ImmutableArray<TableDestination> Destinations);

/// <summary>Entries of one owner to one destination.</summary>
/// <param name="Owner">Whose; null for nobody on this node.</param>
/// <param name="Received">True when the owner is the side that accepted, and who connected is not on this node.</param>
/// <param name="Place">To where, as the first packet has it: a service's address where one was called.</param>
/// <param name="Entries">How many; at most <paramref name="Error"/> too many, never too few.</param>
/// <param name="Error">0: the count is exact.</param>
/// <param name="Established">Of them, TCP in ESTABLISHED.</param>
/// <param name="TimeWait">Of them, TCP in TIME_WAIT.</param>
/// <param name="Unreplied">Of them, without an answer.</param>
public sealed record TableDestination(
    PodIdentity? Owner,
    bool Received,
    TablePlace Place,
    long Entries,
    long Error,
    long Established,
    long TimeWait,
    long Unreplied);

/// <summary>A destination of many entries.</summary>
/// <param name="Protocol">Name as conntrack(8) prints it, or the number.</param>
/// <param name="Address">Its address.</param>
/// <param name="Port">Its port; 0 where the protocol has none.</param>
/// <param name="Kind">What it is, as far as it is known.</param>
/// <param name="Target">The owner of the address, when it is on this node.</param>
public sealed record TablePlace(string Protocol, IpAddress Address, ushort Port, PlaceKind Kind, PodIdentity? Target)
{
    /// <summary>Address and port; the address alone where the protocol has no ports.</summary>
    public string Destination => Port == 0 ? Address.ToString() : Address.ToString(Port);

    /// <summary>
    /// The kind as JSON has it: <c>pod</c>, <c>node</c>, <c>container</c>, <c>netns</c>, <c>service</c>, <c>load_balancer</c>,
    /// <c>elsewhere</c>.
    /// </summary>
    public string KindName => Kind switch
    {
        PlaceKind.Owner => Target?.Kind switch
        {
            PodKind.Pod => "pod",
            PodKind.Host => "node",
            PodKind.Container => "container",
            _ => "netns",
        },
        PlaceKind.Service => "service",
        PlaceKind.LoadBalancer => "load_balancer",
        _ => "elsewhere",
    };

    /// <summary>True for a DNS server, by its port.</summary>
    public bool IsDns => Port == 53 && Protocol is "udp" or "tcp";
}

/// <summary>What is at an address.</summary>
public enum PlaceKind
{
    /// <summary>Nothing of this node: another node, its pods, or the world outside.</summary>
    Elsewhere,

    /// <summary>An owner of connections on this node.</summary>
    Owner,

    /// <summary>A service's address, which the tracker translates.</summary>
    Service,

    /// <summary>A range from which a cloud's load balancers and health checks connect.</summary>
    LoadBalancer,
}

/// <summary>Entries of several owners to one destination.</summary>
/// <param name="Place">To where.</param>
/// <param name="TranslatedTo">The source address that the destination sees; null where entries are not told apart by it.</param>
/// <param name="Entries">How many; at most <paramref name="Error"/> too many, never too few.</param>
/// <param name="Error">0: the count is exact.</param>
/// <param name="TimeWait">Of them, TCP in TIME_WAIT.</param>
/// <param name="Holders">Whose they are, most first; a few.</param>
public sealed record SharedDestination(
    TablePlace Place, IpAddress? TranslatedTo, long Entries, long Error, long TimeWait, ImmutableArray<DestinationHolder> Holders);

/// <summary>An owner of entries to one destination.</summary>
/// <param name="Identity">Who; null for nobody on this node.</param>
/// <param name="Entries">How many.</param>
public sealed record DestinationHolder(PodIdentity? Identity, long Entries);

/// <summary>Entries of one conntrack zone.</summary>
/// <param name="Zone">CTA_ZONE; 0 is what has none.</param>
/// <param name="Entries">How many; an entry whose directions have different zones counts in both.</param>
public readonly record struct ZoneCount(ushort Zone, long Entries);
