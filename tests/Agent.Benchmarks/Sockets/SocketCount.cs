using System.Runtime.CompilerServices;
using Agent.Kernel.SockDiag;

namespace Agent.Benchmarks.Sockets;

/// <summary>Counts sockets by state and keeps the longest age, as a scan does.</summary>
internal struct SocketCount : ISocketSink
{
    private States _states;
    private uint _oldest;

    public long Total { get; private set; }

    public long HalfClosed { get; private set; }

    public void OnSocket(in TcpSocket socket)
    {
        Total++;
        _states[(int)socket.State]++;
        if (socket.IsHalfClosed)
        {
            HalfClosed++;
            _oldest = Math.Max(_oldest, socket.LastAckReceivedMilliseconds);
        }
    }

    public void Restart() => this = default;

    [InlineArray(13)]
    private struct States
    {
        private long _first;
    }
}
