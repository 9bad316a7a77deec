using Agent.Core.Model;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Net;

namespace Agent.Core.Tallies;

/// <summary>What one conntrack table has for a socket.</summary>
public struct EntryMatch
{
    /// <summary>True when the table was asked for this socket, by a dump that began after the socket was seen or by a look-up.</summary>
    public bool Asked;

    /// <summary>True when the table has an entry.</summary>
    public bool Found;

    /// <summary>The entry's TCP state.</summary>
    public TcpConntrackState State;

    /// <summary>Who closed first, from the socket's point of view.</summary>
    public ClosedBy ClosedBy;

    /// <summary>Seconds left; null for an offloaded entry.</summary>
    public uint? ExpiresInSeconds;

    /// <summary>The connection as the other end sees it, its own address as the source.</summary>
    public ConnectionTuple OtherEnd;

    /// <summary>True when the entry translates an address or port.</summary>
    public bool Translated;

    /// <summary>The entry's zone; 0 for none.</summary>
    public ushort Zone;

    /// <summary>True when more than <see cref="HalfClosedConnection.FreshEntry"/> is left.</summary>
    public readonly bool IsFresh => ExpiresInSeconds > HalfClosedConnection.FreshEntry.TotalSeconds;

    /// <summary>Takes over what an entry says.</summary>
    /// <param name="flow">The entry.</param>
    /// <param name="socketIsInitiator">True when the socket's own view equals the entry's original tuple.</param>
    public void Set(in ConntrackFlow flow, bool socketIsInitiator)
    {
        Asked = true;
        Found = true;
        State = flow.TcpState;
        ExpiresInSeconds = flow.Has(ConntrackFields.Timeout) ? flow.TimeoutSeconds : null;
        Translated = flow.IsTranslated;
        Zone = flow.Has(ConntrackFields.Zone) ? flow.Zone : (ushort)0;
        OtherEnd = socketIsInitiator ? flow.Reply : flow.Original;
        ClosedBy = flow.OriginalClosedFirst switch
        {
            null => ClosedBy.Unknown,
            { } original => original == socketIsInitiator ? ClosedBy.Pod : ClosedBy.Peer,
        };
    }
}
