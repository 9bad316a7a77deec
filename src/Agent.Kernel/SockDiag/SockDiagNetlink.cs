using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Agent.Kernel.Net;
using Agent.Kernel.Netlink;
using static Agent.Kernel.Interop.NetlinkConstants;
using static Agent.Kernel.Interop.SockDiagConstants;
using static Agent.Kernel.Interop.SocketConstants;

namespace Agent.Kernel.SockDiag;

/// <summary>
/// Dumps the TCP sockets of one network namespace, or finds one, over NETLINK_SOCK_DIAG, sock_diag(7). Needs no
/// capability, only to be in the namespace. Not thread-safe.
/// </summary>
/// <remarks>
/// A dump walks the kernel's whole table of connections, which all namespaces share, so the number of walks is what counts. The older
/// request TCPDIAG_GETSOCK (inet_diag_dump_compat, net/ipv4/inet_diag.c) takes AF_UNSPEC and gives IPv4 and IPv6 in one walk; the newer
/// one takes one family. Measured on Linux 6.18 with 262,144 buckets: 0.22 ms against 0.40 ms. Where the older one is refused, two
/// dumps of the newer are made.
/// </remarks>
public sealed class SockDiagNetlink : IDisposable
{
    private const string Operation = "socket dump (sock_diag)";
    private static readonly TimeSpan s_receiveTimeout = TimeSpan.FromSeconds(10);

    private readonly NetlinkConnection _connection;

    private SockDiagNetlink(NetlinkConnection connection) => _connection = connection;

    /// <summary>Opens a socket in the network namespace of the calling thread.</summary>
    /// <param name="buffer">Stays the caller's; one buffer serves all namespaces, one after the other.</param>
    /// <exception cref="KernelException">EPROTONOSUPPORT: no sock_diag in this kernel.</exception>
    public static SockDiagNetlink Open(NetlinkBuffer buffer) => new(NetlinkConnection.Open(NETLINK_SOCK_DIAG, s_receiveTimeout, buffer));

    /// <summary>For tests: a fake kernel instead of a socket.</summary>
    internal static SockDiagNetlink Open(INetlinkTransport transport, NetlinkBuffer buffer) =>
        new(new NetlinkConnection(transport, buffer));

    /// <summary>True once the kernel refused the request for both families at once.</summary>
    public bool DumpsEachFamily { get; private set; }

    /// <summary>Dumps the sockets of the namespace that are in one of the given states.</summary>
    /// <param name="stateMask">
    /// Bits <c>1 &lt;&lt; TCP_*</c>, see <see cref="TcpStates"/>. Orphaned FIN_WAIT2 sockets come with FIN_WAIT2, not with TIME_WAIT.
    /// </param>
    /// <param name="extensions">What to ask for beside.</param>
    /// <param name="sink">Receives the sockets.</param>
    /// <param name="maxSockets">
    /// Stop after so many; the kernel does no more work for the rest. This object must not be used afterwards.
    /// </param>
    /// <param name="cancellationToken">Ends the dump between two datagrams.</param>
    /// <exception cref="KernelException">The kernel refused it: ENOENT without the module inet_diag or tcp_diag.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public DumpResult Dump<TSink>(
        uint stateMask,
        SockDiagExtensions extensions,
        ref TSink sink,
        long maxSockets = long.MaxValue,
        CancellationToken cancellationToken = default)
        where TSink : ISocketSink, allows ref struct
    {
        var handler = new InetDiagHandler<TSink>(sink, maxSockets);
        try
        {
            return DumpBoth(stateMask, extensions, ref handler, cancellationToken);
        }
        finally
        {
            sink = handler.Sink;
        }
    }

    /// <summary>
    /// Looks for the socket of one connection, in whatever state but a listener's; what the machine's table holds costs nothing.
    /// </summary>
    /// <param name="tuple">Local end first.</param>
    /// <param name="socket">The socket. FIN_WAIT2 without an owner and TIME_WAIT have no inode.</param>
    /// <param name="extensions">What to ask for beside.</param>
    /// <returns>False when there is none.</returns>
    /// <exception cref="KernelException">The kernel refused the request, or did not answer.</exception>
    /// <remarks>inet_diag_dump_one_icsk, net/ipv4/inet_diag.c: where no connection is found, a listener at the local port is.</remarks>
    public bool TryFind(in ConnectionTuple tuple, out TcpSocket socket, SockDiagExtensions extensions = SockDiagExtensions.None)
    {
        Span<byte> bytes = stackalloc byte[NLMSG_HDRLEN + SizeofInetDiagReqV2];
        Span<byte> body = stackalloc byte[SizeofInetDiagReqV2];
        body.Clear();
        body[0] = (byte)(tuple.Source.IsIPv4 ? AF_INET : AF_INET6);
        body[V2ProtocolOffset] = IPPROTO_TCP;
        body[V2ExtOffset] = (byte)extensions;
        MemoryMarshal.Write(body[V2StatesOffset..], TcpStates.All);
        var id = body[V2IdOffset..];
        BinaryPrimitives.WriteUInt16BigEndian(id, tuple.SourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(id[IdDportOffset..], tuple.DestinationPort);
        tuple.Source.Write(id[IdSrcOffset..]);
        tuple.Destination.Write(id[IdDstOffset..]);
        MemoryMarshal.Write(id[IdCookieOffset..], INET_DIAG_NOCOOKIE);
        var handler = new InetDiagHandler<OneSocket>(default, 1);
        var errno = _connection.GetOne(
            Write(bytes, SOCK_DIAG_BY_FAMILY, 0, body), "socket look-up (sock_diag)", ErrnoText.ENOENT, ref handler);
        socket = handler.Sink.Socket;
        return errno == 0 && handler.Count > 0 && socket.State != TcpState.Listen;
    }

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    private DumpResult DumpBoth<TSink>(
        uint stateMask, SockDiagExtensions extensions, ref InetDiagHandler<TSink> handler, CancellationToken cancellationToken)
        where TSink : ISocketSink, allows ref struct
    {
        if (!DumpsEachFamily)
        {
            try
            {
                return Run(AF_UNSPEC, stateMask, extensions, ref handler, cancellationToken);
            }
            catch (KernelException exception) when (exception.Errno is ErrnoText.EINVAL or ErrnoText.ENOENT || exception.IsNotSupported)
            {
                DumpsEachFamily = true;
            }
        }

        for (var retries = 0; ; retries++)
        {
            var inet = Run(AF_INET, stateMask, extensions, ref handler, cancellationToken);
            if (handler.IsFull)
            {
                return inet;
            }

            var inet6 = Run(AF_INET6, stateMask, extensions, ref handler, cancellationToken);
            if (inet6.Retries == 0 || retries == NetlinkConnection.MaxRetries)
            {
                return new(
                    inet.Messages + inet6.Messages, retries, inet.Interrupted || inet6.Retries > 0, inet.Malformed + inet6.Malformed);
            }

            // The second dump started over and with that made the sink forget the first.
            handler.Restart();
        }
    }

    private DumpResult Run<TSink>(
        byte family, uint stateMask, SockDiagExtensions extensions, ref InetDiagHandler<TSink> handler, CancellationToken cancellationToken)
        where TSink : ISocketSink, allows ref struct
    {
        Span<byte> bytes = stackalloc byte[NLMSG_HDRLEN + SizeofInetDiagReq];
        var request = family == AF_UNSPEC ? WriteLegacy(bytes, stateMask, extensions) : Write(bytes, family, stateMask, extensions);
        return _connection.Dump(request, Operation, ref handler, cancellationToken);
    }

    private Span<byte> WriteLegacy(Span<byte> bytes, uint stateMask, SockDiagExtensions extensions)
    {
        Span<byte> body = stackalloc byte[SizeofInetDiagReq];
        body.Clear();
        body[IdiagExtOffset] = (byte)extensions;
        MemoryMarshal.Write(body[IdiagStatesOffset..], stateMask);
        return Write(bytes, TCPDIAG_GETSOCK, NLM_F_DUMP, body);
    }

    private Span<byte> Write(Span<byte> bytes, byte family, uint stateMask, SockDiagExtensions extensions)
    {
        Span<byte> body = stackalloc byte[SizeofInetDiagReqV2];
        body.Clear();
        body[0] = family;
        body[V2ProtocolOffset] = IPPROTO_TCP;
        body[V2ExtOffset] = (byte)extensions;
        MemoryMarshal.Write(body[V2StatesOffset..], stateMask);
        return Write(bytes, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, body);
    }

    private Span<byte> Write(Span<byte> bytes, ushort type, ushort flags, scoped ReadOnlySpan<byte> body)
    {
        var request = _connection.Begin(bytes, type, flags);
        request.WriteBytes(body);
        return request.Finish();
    }

    private struct OneSocket : ISocketSink
    {
        public TcpSocket Socket { get; private set; }

        public void OnSocket(in TcpSocket socket) => Socket = socket;

        public readonly void Restart()
        {
        }
    }
}
