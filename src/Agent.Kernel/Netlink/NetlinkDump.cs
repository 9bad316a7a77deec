using System.Runtime.InteropServices;
using static Agent.Kernel.Interop.NetlinkConstants;

namespace Agent.Kernel.Netlink;

/// <summary>Runs a request and streams its answer to a handler, with one fixed buffer and without allocating.</summary>
/// <remarks>
/// A dump that the kernel marks inconsistent (NLM_F_DUMP_INTR), or of which answers were lost (ENOBUFS, MSG_TRUNC), is
/// read to its end and then tried again, at most <see cref="MaxRetries"/> times. After an exception the transport must not
/// be used for another dump: this one may still be under way.
/// </remarks>
public static class NetlinkDump
{
    /// <summary>How often an inconsistent dump is tried again.</summary>
    public const int MaxRetries = 3;

    // An overrun socket reports ENOBUFS once for each time; a kernel that never stops must not hold us for ever.
    private const int MaxOverruns = 64;

    /// <summary>Runs a dump (NLM_F_DUMP) to its NLMSG_DONE.</summary>
    /// <param name="transport">The socket, with no other request under way.</param>
    /// <param name="buffer">Receives each datagram; 64 KiB (<see cref="NetlinkBuffer"/>) are enough for every dump.</param>
    /// <param name="request">The request with its header.</param>
    /// <param name="operation">What is tried, for the exception, for example <c>conntrack dump (netlink)</c>.</param>
    /// <param name="handler">Receives the messages.</param>
    /// <param name="cancellationToken">Ends the dump between two datagrams.</param>
    /// <exception cref="KernelException">The kernel refused the request or did not answer.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static DumpResult Run<THandler>(
        INetlinkTransport transport,
        Span<byte> buffer,
        scoped ReadOnlySpan<byte> request,
        string operation,
        scoped ref THandler handler,
        CancellationToken cancellationToken)
        where THandler : INetlinkMessageHandler, allows ref struct
    {
        var answer = new NetlinkAnswer(transport.PortId, Sequence(request), operation);
        for (var retries = 0; ; retries++)
        {
            transport.Send(request);
            var last = retries == MaxRetries;
            while (!answer.IsDone)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Receive(transport, buffer, ref answer, last, ref handler);
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
    /// <inheritdoc cref="Run" path="/param"/>
    /// <returns>0, or the error number with which the kernel refused it, when it is <paramref name="expectedErrno"/>.</returns>
    /// <exception cref="KernelException">The kernel refused the request otherwise or did not answer.</exception>
    public static int RunSingle<THandler>(
        INetlinkTransport transport,
        Span<byte> buffer,
        scoped ReadOnlySpan<byte> request,
        string operation,
        int expectedErrno,
        scoped ref THandler handler)
        where THandler : INetlinkMessageHandler, allows ref struct
    {
        var answer = new NetlinkAnswer(transport.PortId, Sequence(request), operation) { IsSingle = true, ExpectedErrno = expectedErrno };
        transport.Send(request);
        while (!answer.IsDone)
        {
            Receive(transport, buffer, ref answer, deliverInterrupted: true, ref handler);
        }

        return answer.Errno;
    }

    private static void Receive<THandler>(
        INetlinkTransport transport, Span<byte> buffer, ref NetlinkAnswer answer, bool deliverInterrupted, ref THandler handler)
        where THandler : INetlinkMessageHandler, allows ref struct
    {
        int length;
        try
        {
            length = transport.Receive(buffer);
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
