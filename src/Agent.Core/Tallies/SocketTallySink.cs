using Agent.Kernel.SockDiag;

namespace Agent.Core.Tallies;

/// <summary>Hands the sockets of a dump to a <see cref="SocketTally"/>.</summary>
/// <param name="tally">Counts them.</param>
public readonly struct SocketTallySink(SocketTally tally) : ISocketSink
{
    /// <inheritdoc/>
    public void OnSocket(in TcpSocket socket) => tally.Add(socket);

    /// <inheritdoc/>
    public void Restart() => tally.Restart();
}
