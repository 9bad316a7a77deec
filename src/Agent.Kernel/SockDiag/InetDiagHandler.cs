using Agent.Kernel.Netlink;

namespace Agent.Kernel.SockDiag;

/// <summary>Hands the messages of a dump to a sink as sockets, up to a limit.</summary>
internal ref struct InetDiagHandler<TSink>(TSink sink, long limit) : INetlinkMessageHandler
    where TSink : ISocketSink, allows ref struct
{
    public TSink Sink = sink;

    /// <summary>Sockets handed over.</summary>
    public long Count { get; private set; }

    public readonly bool IsFull => Count >= limit;

    public bool OnMessage(ushort type, ReadOnlySpan<byte> payload)
    {
        if (!InetDiagMessage.TryParse(payload, out var socket))
        {
            return false;
        }

        Count++;
        Sink.OnSocket(in socket);
        return true;
    }

    public void Restart()
    {
        Count = 0;
        Sink.Restart();
    }
}
