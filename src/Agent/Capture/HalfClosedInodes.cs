using Agent.Kernel.SockDiag;

namespace Agent.Capture;

/// <summary>Collects the inodes of half-closed sockets, up to a number.</summary>
internal readonly struct HalfClosedInodes(List<ulong> inodes) : ISocketSink
{
    private const int Most = 10_000;

    public void OnSocket(in TcpSocket socket)
    {
        if (socket.Inode != 0 && inodes.Count < Most)
        {
            inodes.Add(socket.Inode);
        }
    }

    public void Restart() => inodes.Clear();
}
