using System.Runtime.CompilerServices;
using Agent.Core.Attribution;
using Agent.Kernel.Conntrack;

namespace Agent.Core.Tallies;

/// <summary>
/// Counts who fills the host's conntrack table, and with connections to where. Bounded whatever the entries are; made once and used for
/// every dump, so that a dump allocates nothing.
/// </summary>
public sealed class TableTally
{
    /// <summary>Destinations (of an owner, by protocol) that are counted exactly.</summary>
    public const int MaxDestinations = 8192;

    /// <summary>Destinations of source-translated entries that are counted exactly.</summary>
    public const int MaxTranslations = 2048;

    private readonly OwnerEntryTally _owners = new();
    private readonly ZoneTally _zones = new();

    /// <summary>Prepares memory of about 0.9 MB.</summary>
    /// <param name="seed">Any number that pods do not know.</param>
    public TableTally(ulong seed)
    {
        Destinations = new(MaxDestinations, seed);
        Translations = new(MaxTranslations, seed);
    }

    /// <summary>
    /// By owner and destination before translation: a service's address where one was called. An entry between two owners counts once,
    /// for the one that opened it.
    /// </summary>
    public DestinationTable Destinations { get; }

    /// <summary>
    /// Source-translated entries by owner, translated source address and destination after translation: all entries of one place share
    /// the ports of the translated address.
    /// </summary>
    public DestinationTable Translations { get; }

    /// <summary>Entries by zone.</summary>
    public ReadOnlySpan<Model.ZoneCount> Zones => _zones.Zones;

    /// <summary>Entries of zones beyond those that are told apart.</summary>
    public long BeyondZones => _zones.Beyond;

    /// <summary>What was counted of an owner, as in <see cref="Model.OwnerEntries.Counts"/>; negative: of nobody on this node.</summary>
    public ReadOnlySpan<int> EntriesOf(int owner) => _owners.Of(owner);

    /// <summary>Forgets everything and makes room for so many owners.</summary>
    public void Begin(int owners)
    {
        _owners.Begin(owners);
        Destinations.Clear();
        Translations.Clear();
        _zones.Clear();
    }

    /// <summary>Counts an entry.</summary>
    /// <param name="flow">The entry.</param>
    /// <param name="initiator">Owner of the side that opened; <see cref="AddressIndex.None"/> when it is not on this node.</param>
    /// <param name="responder">Owner of the side that accepted, likewise.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(in ConntrackFlow flow, int initiator, int responder)
    {
        var traits = EntryTraitsReader.Of(flow);
        _owners.Add(flow.Protocol, initiator, responder, traits);
        _zones.Add(flow);

        var received = initiator < 0 && responder >= 0;
        var hasPorts = flow.HasPorts;
        Destinations.Add(
            new(
                received ? responder : initiator,
                received,
                flow.Protocol,
                flow.Original.Destination,
                hasPorts ? flow.Original.DestinationPort : (ushort)0,
                default),
            traits);
        if (hasPorts && flow.IsSourceTranslated)
        {
            Translations.Add(
                new(initiator, false, flow.Protocol, flow.Reply.Source, flow.Reply.SourcePort, flow.Reply.Destination), traits);
        }
    }
}
