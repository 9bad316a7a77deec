using Agent.Kernel.Net;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Tallies;

/// <summary>
/// Looks for the socket at the other end of each half-closed connection. A peer that has closed and lives is half-closed itself, so one
/// that would be on this node and is not there is gone: nobody waits.
/// </summary>
public static class PeerJudge
{
    /// <summary>Notes the peers, once the tables have been asked.</summary>
    /// <param name="table">All half-closed sockets of the node.</param>
    /// <param name="isReadHere">Whether an address is that of a namespace whose sockets were all read, and of nothing else.</param>
    public static void Judge(HalfClosedTable table, Func<IpAddress, bool> isReadHere)
    {
        ArgumentNullException.ThrowIfNull(isReadHere);
        var sockets = table.Sockets;
        for (var i = 0; i < sockets.Length; i++)
        {
            ref var socket = ref sockets[i];
            var position = table.FindOtherEnd(socket);
            if (position >= 0)
            {
                ref readonly var peer = ref sockets[position];
                var translates = socket is { OutsideIsKnown: true, IsPrivate: false } && peer.OutsideIsKnown
                    ? peer.Outside != socket.Outside.Reversed
                    : (bool?)null;
                socket.SetPeer(peer.Socket.Inode != 0 ? PeerState.Waiting : PeerState.Gone, translates);
                ShareEntry(ref socket, peer);
            }
            else if (socket.Socket.State == TcpState.CloseWait
                && (socket.IsPrivate || isReadHere(socket.Socket.Tuple.Destination)))
            {
                socket.SetPeer(PeerState.Gone, null);
            }
        }
    }

    /// <summary>Both ends of one connection pass the host's table, so what is known of one's entry there is known of the other's.</summary>
    private static void ShareEntry(ref HalfClosedSocket socket, in HalfClosedSocket peer)
    {
        if (socket is { IsPrivate: false, HostKin.WasThere: false, Past.Host.WasThere: false } && !peer.IsPrivate)
        {
            socket.SetKin(peer.Past.Host.WasThere ? peer.Past.Host : peer.HostKin with { Translated = null }, default);
        }
    }
}
