using System.Net;
using System.Net.Sockets;
using Agent.Kernel.SockDiag;

namespace Agent.KernelTests.Testing;

/// <summary>Sockets in most states, of both families, in a namespace.</summary>
internal sealed class SocketMixture : IDisposable
{
    private readonly List<IDisposable> _sockets = [];

    /// <summary>Makes them; call it inside the namespace.</summary>
    public static SocketMixture Open(NetworkNamespaceFixture fixture)
    {
        var mixture = new SocketMixture();
        mixture.Make(fixture);
        return mixture;
    }

    public void Dispose() => _sockets.ForEach(static socket => socket.Dispose());

    private void Make(NetworkNamespaceFixture fixture)
    {
        foreach (var (bind, connect) in new[]
        {
            (IPAddress.Loopback, IPAddress.Loopback), (IPAddress.IPv6Loopback, IPAddress.IPv6Loopback), (IPAddress.IPv6Any, IPAddress.Loopback),
        })
        {
            _ = Pair(bind, connect);
            Pair(bind, connect).Client.Shutdown(SocketShutdown.Send);
            Pair(bind, connect).Server!.Close();
            var closed = Pair(bind, connect);
            closed.Client.Close();
            closed.Server!.Close();
        }

        _sockets.Add(TcpPair.Open(IPAddress.Loopback, accept: false));

        // FIN lost in one direction, then in the other: FIN_WAIT1 and LAST_ACK.
        var finWait1 = Pair(IPAddress.Loopback, IPAddress.Loopback);
        var lastAck = Pair(IPAddress.Loopback, IPAddress.Loopback);
        lastAck.Client.Shutdown(SocketShutdown.Send);
        Drop(fixture, "--dport", finWait1.Port);
        Drop(fixture, "--sport", lastAck.Port);
        finWait1.Client.Shutdown(SocketShutdown.Send);
        _ = SocketList.Await(() => SocketList.FromNetlink(), found => found.Exists(socket => socket.State == TcpState.CloseWait && socket.Tuple.SourcePort == lastAck.Port));
        lastAck.Server!.Close();

        // A SYN that is never answered.
        fixture.Execute("iptables", "-A", "INPUT", "-p", "tcp", "--dport", "9", "-j", "DROP");
        var unanswered = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
        _sockets.Add(unanswered);
        try
        {
            unanswered.Connect(IPAddress.Loopback, 9);
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            // Under way, as it should be.
        }

        _ = SocketList.Await(() => SocketList.FromNetlink(), static found =>
            found.Count(static socket => socket.State == TcpState.TimeWait) >= 3
            && found.Count(static socket => socket.State == TcpState.FinWait2) >= 7
            && found.Exists(static socket => socket.State == TcpState.LastAck));
    }

    private TcpPair Pair(IPAddress bind, IPAddress connect)
    {
        var pair = TcpPair.Open(bind, connect);
        _sockets.Add(pair);
        return pair;
    }

    private static void Drop(NetworkNamespaceFixture fixture, string side, int port) =>
        fixture.Execute("iptables", "-A", "INPUT", "-p", "tcp", side, $"{port}", "--tcp-flags", "FIN", "FIN", "-j", "DROP");
}
