using Agent.Kernel.Conntrack;

namespace Agent.Core.Tallies;

/// <summary>What of one entry is counted besides whose it is: one bit each.</summary>
[Flags]
public enum EntryTraits
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>TCP in ESTABLISHED.</summary>
    Established = 1,

    /// <summary>TCP in TIME_WAIT.</summary>
    TimeWait = 2,

    /// <summary>No packet came back.</summary>
    Unreplied = 4,

    /// <summary>The destination was translated.</summary>
    Redirected = 8,

    /// <summary>To port 53 over UDP or TCP.</summary>
    Dns = 16,
}

/// <summary>Reads <see cref="EntryTraits"/> off an entry.</summary>
internal static class EntryTraitsReader
{
    private const ushort DnsPort = 53;

    public static EntryTraits Of(in ConntrackFlow flow)
    {
        var traits = EntryTraits.None;
        if (flow.Protocol == 6)
        {
            // A member that was not sent is zero, which is neither of these states.
            traits = flow.TcpState switch
            {
                TcpConntrackState.Established => EntryTraits.Established,
                TcpConntrackState.TimeWait => EntryTraits.TimeWait,
                _ => EntryTraits.None,
            };
        }

        if ((flow.Status & ConntrackStatus.SeenReply) == 0 && flow.Has(ConntrackFields.Status))
        {
            traits |= EntryTraits.Unreplied;
        }

        if (flow.Original.DestinationPort == DnsPort && flow.Protocol is 6 or 17)
        {
            traits |= EntryTraits.Dns;
        }

        return flow.IsRedirected ? traits | EntryTraits.Redirected : traits;
    }
}
