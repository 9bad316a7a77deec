using System.Runtime.CompilerServices;
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

    /// <summary>No branch but for what is rare: which entries come after each other no processor can predict.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EntryTraits Of(in ConntrackFlow flow)
    {
        // A member that was not sent is zero, which is none of these states.
        var isTcp = flow.Protocol == 6;
        var (state, status) = (flow.TcpState, flow.Status & ConntrackStatus.SeenReply);
        var isDns = (flow.Original.DestinationPort == DnsPort) & (isTcp | (flow.Protocol == 17));
        return Where(isTcp & (state == TcpConntrackState.Established), EntryTraits.Established)
            | Where(isTcp & (state == TcpConntrackState.TimeWait), EntryTraits.TimeWait)
            | Where((status == 0) & flow.Has(ConntrackFields.Status), EntryTraits.Unreplied)
            | Where(isDns, EntryTraits.Dns)
            | Where(flow.IsRedirected, EntryTraits.Redirected);
    }

    private static EntryTraits Where(bool condition, EntryTraits trait) => condition ? trait : EntryTraits.None;
}
