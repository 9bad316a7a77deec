using Agent.Kernel.SockDiag;

namespace Agent.Core.Tallies;

/// <summary>A second look at some of a namespace's sockets, with ages.</summary>
public enum SocketPass
{
    /// <summary>The half-closed ones, which the first dump left out.</summary>
    HalfClosed,

    /// <summary>The listeners of a namespace of which an earlier dump is shown again.</summary>
    Listeners,

    /// <summary>Established ones, counted before: only their idle time is new.</summary>
    Idle,
}

/// <summary>Hands the sockets of a second dump to a <see cref="SocketTally"/>.</summary>
/// <param name="tally">Counts them.</param>
/// <param name="pass">Which dump.</param>
public readonly struct SocketPassSink(SocketTally tally, SocketPass pass) : ISocketSink
{
    /// <inheritdoc/>
    public void OnSocket(in TcpSocket socket)
    {
        if (pass == SocketPass.Idle)
        {
            tally.AddIdle(socket);
        }
        else
        {
            tally.Add(socket);
        }
    }

    /// <inheritdoc/>
    public void Restart()
    {
        if (pass == SocketPass.HalfClosed)
        {
            tally.RestartHalfClosed();
        }
        else if (pass == SocketPass.Listeners)
        {
            tally.RestartListeners();
        }
        else
        {
            tally.RestartIdle();
        }
    }
}
