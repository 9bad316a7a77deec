using System.Runtime.InteropServices;
using static Agent.Kernel.Interop.NetlinkConstants;

namespace Agent.Kernel.Netlink;

/// <summary>
/// A socket, the buffer that its answers are read into, and the number of its last request: runs requests and streams the answers to a
/// handler without allocating. The only receive loop of this program for requests. Not thread-safe.
/// </summary>
/// <remarks>
/// A dump that the kernel marks inconsistent (NLM_F_DUMP_INTR), or of which answers were lost (ENOBUFS, MSG_TRUNC), is
/// read to its end and then tried again, at most <see cref="MaxRetries"/> times. After an exception, and after a dump whose handler
/// was full before its end, the connection must not be used again: the kernel may still be sending.
/// </remarks>
public sealed class NetlinkConnection : IDisposable
{
    /// <summary>How often an inconsistent dump is tried again.</summary>
    public const int MaxRetries = 3;

    // An overrun socket reports ENOBUFS once for each time; a kernel that never stops must not hold us for ever.
    private const int MaxOverruns = 64;

    private readonly INetlinkTransport _transport;
    private readonly NetlinkBuffer _buffer;
    private readonly bool _ownsBuffer;
    private uint _sequence;

    /// <summary>Joins a transport and a buffer.</summary>
    /// <param name="transport">The socket; disposed of with this object.</param>
    /// <param name="buffer">A buffer that many connections share, not disposed of here; null makes an own one.</param>
    public NetlinkConnection(INetlinkTransport transport, NetlinkBuffer? buffer = null)
    {
        _transport = transport;
        _ownsBuffer = buffer is null;
        _buffer = buffer ?? new NetlinkBuffer();
    }

    /// <summary>
    /// Opens a socket in the network namespace of the calling thread; it stays that namespace's, whatever thread uses it.
    /// </summary>
    /// <param name="protocol">NETLINK_NETFILTER (12), NETLINK_SOCK_DIAG (4), ...</param>
    /// <param name="receiveTimeout">How long to wait for an answer before ETIMEDOUT.</param>
    /// <param name="buffer">A buffer that many connections share, not disposed of here; null makes an own one.</param>
    /// <exception cref="KernelException">EPROTONOSUPPORT: the protocol's module is not loaded.</exception>
    public static NetlinkConnection Open(int protocol, TimeSpan receiveTimeout, NetlinkBuffer? buffer = null)
    {
        var socket = NetlinkSocket.Open(protocol, receiveTimeout);
        try
        {
            return new(socket, buffer);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Begins a request: writes its header with the next sequence number.</summary>
    /// <param name="bytes">Where to write it.</param>
    /// <param name="type">nlmsg_type.</param>
    /// <param name="flags">nlmsg_flags; NLM_F_REQUEST is added.</param>
    public NetlinkRequestWriter Begin(Span<byte> bytes, ushort type, ushort flags) => new(bytes, type, flags, ++_sequence);

    /// <summary>Runs a dump (NLM_F_DUMP) to its NLMSG_DONE, or until the handler is full.</summary>
    /// <param name="request">The request with its header, see <see cref="Begin"/>; no other one is under way.</param>
    /// <param name="operation">What is tried, for the exception, for example <c>conntrack dump (netlink)</c>.</param>
    /// <param name="handler">Receives the messages.</param>
    /// <param name="cancellationToken">Ends the dump between two datagrams.</param>
    /// <exception cref="KernelException">The kernel refused the request or did not answer.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public DumpResult Dump<THandler>(
        scoped ReadOnlySpan<byte> request,
        string operation,
        scoped ref THandler handler,
        CancellationToken cancellationToken)
        where THandler : INetlinkMessageHandler, allows ref struct
    {
        var answer = new NetlinkAnswer(_transport.PortId, Sequence(request), operation);
        for (var retries = 0; ; retries++)
        {
            _transport.Send(request);
            var last = retries == MaxRetries;
            while (!answer.IsDone && !handler.IsFull)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Receive(ref answer, last, ref handler);
            }

            if (!answer.IsInterrupted || last)
            {
                return new(answer.Messages, retries, answer.IsInterrupted, answer.Malformed);
            }

            handler.Restart();
            answer.Restart();
        }
    }

    /// <summary>Sends a request that is answered by one message (no NLM_F_DUMP, no NLM_F_ACK) and hands it over.</summary>
    /// <param name="request">The request with its header, see <see cref="Begin"/>; no other one is under way.</param>
    /// <param name="operation">What is tried, for the exception.</param>
    /// <param name="expectedErrno">An error number that is an answer; 0 for none.</param>
    /// <param name="handler">Receives the message.</param>
    /// <returns>0, or the error number with which the kernel refused it, when it is <paramref name="expectedErrno"/>.</returns>
    /// <exception cref="KernelException">The kernel refused the request otherwise or did not answer.</exception>
    public int GetOne<THandler>(scoped ReadOnlySpan<byte> request, string operation, int expectedErrno, scoped ref THandler handler)
        where THandler : INetlinkMessageHandler, allows ref struct
    {
        var answer = new NetlinkAnswer(_transport.PortId, Sequence(request), operation) { IsSingle = true, ExpectedErrno = expectedErrno };
        _transport.Send(request);
        while (!answer.IsDone)
        {
            Receive(ref answer, deliverInterrupted: true, ref handler);
        }

        return answer.Errno;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _transport.Dispose();
        if (_ownsBuffer)
        {
            _buffer.Dispose();
        }
    }

    private void Receive<THandler>(ref NetlinkAnswer answer, bool deliverInterrupted, ref THandler handler)
        where THandler : INetlinkMessageHandler, allows ref struct
    {
        var buffer = _buffer.Span;
        int length;
        try
        {
            length = _transport.Receive(buffer);
        }
        catch (KernelException exception) when (exception.Errno == ErrnoText.ENOBUFS && answer.Overruns < MaxOverruns)
        {
            answer.OnOverrun();
            return;
        }

        if (length > buffer.Length)
        {
            answer.OnTruncated();
            length = buffer.Length;
        }

        answer.OnDatagram(buffer[..length], deliverInterrupted, ref handler);
    }

    private static uint Sequence(ReadOnlySpan<byte> request) =>
        request.Length >= NLMSG_HDRLEN
            ? MemoryMarshal.Read<uint>(request[8..])
            : throw new ArgumentException("A netlink request starts with a header of 16 bytes.", nameof(request));
}
