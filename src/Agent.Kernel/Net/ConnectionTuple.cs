namespace Agent.Kernel.Net;

/// <summary>
/// One end's view of a connection: its own address and port first. Also one direction of a conntrack entry (source first).
/// </summary>
/// <param name="Source">The local address of a socket; the source of a conntrack tuple.</param>
/// <param name="Destination">The remote address of a socket; the destination of a conntrack tuple.</param>
/// <param name="SourcePort">Host byte order; 0 where the protocol has no ports.</param>
/// <param name="DestinationPort">Host byte order; 0 where the protocol has no ports.</param>
public readonly record struct ConnectionTuple(IpAddress Source, IpAddress Destination, ushort SourcePort, ushort DestinationPort)
{
    /// <summary>The same connection from the other end.</summary>
    public ConnectionTuple Reversed => new(Destination, Source, DestinationPort, SourcePort);

    /// <summary>Both ends, source first. The compiler's own would print <see cref="Reversed"/> too, and so never end.</summary>
    public override string ToString() => $"{Source.ToString(SourcePort)} > {Destination.ToString(DestinationPort)}";
}
