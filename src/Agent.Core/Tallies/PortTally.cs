using Agent.Kernel.Net;

namespace Agent.Core.Tallies;

/// <summary>What was counted at one listening port of one owner in one scan.</summary>
public struct PortTally
{
    /// <summary>Port.</summary>
    public ushort Port;

    /// <summary>Index of its owner in the scan.</summary>
    public int OwnerIndex;

    /// <summary>Address of the first listener found at the port.</summary>
    public IpAddress Address;

    /// <summary>The listening sockets at the port.</summary>
    public ListenerInodes Listeners;

    /// <summary>Connections waiting to be accepted, over all listeners at the port (SO_REUSEPORT).</summary>
    public long Queued;

    /// <summary>How many may wait.</summary>
    public long Backlog;

    /// <summary>Established connections.</summary>
    public long Established;

    /// <summary>Sockets in TIME_WAIT.</summary>
    public long TimeWait;

    /// <summary>Established connections whose idle time is known: nothing on them waits for an answer.</summary>
    public long IdleSamples;

    /// <summary>The longest of those idle times.</summary>
    public uint LongestIdleMilliseconds;
}
