using Agent.Core.Model;
using Agent.Kernel.Net;

namespace Agent.Core.Ends;

/// <summary>One end while more may still be learnt about it. Lives in an <see cref="EndRing"/>.</summary>
internal struct EndRecord
{
    /// <summary>Local end first.</summary>
    public ConnectionTuple Tuple;

    /// <summary>What its message said.</summary>
    public EndFacts Facts;

    /// <summary>True when nothing told which side it was: then no loss is counted as known.</summary>
    public bool RoleIsGuess;

    /// <summary>When the message came.</summary>
    public EndClock At;

    /// <summary>When it was added: later than it came where its role had to be learnt first. No dump before that told of it.</summary>
    public TimeSpan AddedAt;

    /// <summary>Its namespace.</summary>
    public EndsNamespace Network;

    /// <summary>Whose it was.</summary>
    public PodEnds Pod;

    /// <summary>Where its losses and idle time are counted.</summary>
    public PortEnds Port;

    /// <summary>Of a client's, where its server's side counts losses, when an entry told which that is; null otherwise.</summary>
    public PortEnds? Server;

    /// <summary>Position of the record before it with the same hash; -1 for none.</summary>
    public long Previous;

    /// <summary>Position of the other end's record; -1 while that has not come.</summary>
    public long Partner;

    /// <summary>When the conntrack table was asked; with <see cref="Lookup"/>.</summary>
    public TimeSpan LookedUpAt;

    /// <summary>When the reset was sent at the earliest; with <see cref="LookupState.EndedByReset"/>.</summary>
    public TimeSpan ResetSince;

    /// <summary>When it was sent at the latest.</summary>
    public TimeSpan ResetUntil;

    /// <summary>The judgement so far.</summary>
    public EndJudgement Judgement;

    /// <summary>Who closed first, from this side.</summary>
    public ClosedBy Closer;

    /// <summary>False when <see cref="Closer"/> only follows from a socket that was not there.</summary>
    public bool CloserIsCertain;

    /// <summary>True when its socket was looked for and is not in TIME_WAIT.</summary>
    public bool IsNotInTimeWait;

    /// <summary>True once it is counted.</summary>
    public bool IsDecided;

    /// <summary>What has become of its loss.</summary>
    public LossState Loss;

    /// <summary>The cause that was counted or is held.</summary>
    public LossCause Cause;

    /// <summary>Whether the conntrack table is to be asked.</summary>
    public LookupState Lookup;

    /// <summary>
    /// The client's address and port: what both ends' views have in common, whatever is translated for the server's address.
    /// </summary>
    public readonly (IpAddress Address, ushort Port) ClientEnd => Facts.Role == EndRole.Client
        ? (Tuple.Source, Tuple.SourcePort)
        : (Tuple.Destination, Tuple.DestinationPort);

    /// <summary>
    /// The key under which both ends of a connection are found. Loopback addresses mean something only in their namespace.
    /// </summary>
    public readonly int Key => HashCode.Combine(ClientEnd, ClientEnd.Address.IsLoopback ? Network.Id : 0);

    /// <summary>True when what looks like a request may be a TLS alert by its size.</summary>
    public readonly bool MayBeAlert => Judgement.Alert != AlertLength.None;

    /// <summary>
    /// True when this is the other end of the same connection: the views match, or the numbers of bytes do where an address was translated.
    /// </summary>
    public readonly bool IsOtherEndOf(in EndRecord other)
    {
        if (Facts.Role == other.Facts.Role || ClientEnd != other.ClientEnd || (ClientEnd.Address.IsLoopback && Network != other.Network))
        {
            return false;
        }

        return Tuple == other.Tuple.Reversed ? GotNoMoreThanWasSent(other) : CarriedTheSameAs(other);
    }

    /// <summary>True when the numbers of bytes are those of two ends of one connection: what was acknowledged was got.</summary>
    public readonly bool CarriedTheSameAs(in EndRecord other) =>
        GotNoMoreThanWasSent(other) && GotAllAcknowledged(other.Facts) && other.GotAllAcknowledged(Facts);

    // But for the FIN.
    private readonly bool GotNoMoreThanWasSent(in EndRecord other) =>
        Facts.ReceivedBytes <= other.Facts.SentBytes + 1 && other.Facts.ReceivedBytes <= Facts.SentBytes + 1;

    private readonly bool GotAllAcknowledged(in EndFacts sender) =>
        Facts.ReceivedBytes >= sender.SentBytes - Math.Min(sender.SentBytes, sender.UnacknowledgedBytes);
}

/// <summary>What has become of the loss of an end.</summary>
internal enum LossState : byte
{
    /// <summary>There is none, or it is not judged yet.</summary>
    None,

    /// <summary>A client's, which waits for the word of the server's side, that knows better.</summary>
    AwaitsServer,

    /// <summary>It waits for the habit of its port to be known.</summary>
    Held,

    /// <summary>It is counted, as what it is or as unknown.</summary>
    Counted,
}

/// <summary>Whether the conntrack table is asked about an end.</summary>
internal enum LookupState : byte
{
    /// <summary>It could tell nothing.</summary>
    NotNeeded,

    /// <summary>When it is time.</summary>
    Wanted,

    /// <summary>It is being asked.</summary>
    Asked,

    /// <summary>It has answered.</summary>
    Done,

    /// <summary>A reset ended the connection after this side's close. Whether this side sent it is not known yet.</summary>
    EndedByReset,
}
