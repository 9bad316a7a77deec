using static Agent.Kernel.Interop.NetlinkConstants;

namespace Agent.Kernel.Netlink;

/// <summary>What is known about the answer to one request while its datagrams come in.</summary>
internal struct NetlinkAnswer(uint portId, uint sequence, string operation)
{
    /// <summary>True for a request without NLM_F_DUMP: its first message is the whole answer.</summary>
    internal bool IsSingle { get; init; }

    /// <summary>An error number that is an answer, not a failure; 0 for none.</summary>
    internal int ExpectedErrno { get; init; }

    internal bool IsDone { get; private set; }

    internal bool IsInterrupted { get; private set; }

    internal int Errno { get; private set; }

    internal int Overruns { get; private set; }

    internal long Messages { get; private set; }

    internal long Malformed { get; private set; }

    internal void Restart()
    {
        IsDone = false;
        IsInterrupted = false;
        Messages = 0;
    }

    internal void OnOverrun()
    {
        Overruns++;
        IsInterrupted = true;
    }

    internal void OnTruncated()
    {
        Malformed++;
        IsInterrupted = true;
    }

    /// <summary>Takes the messages of one datagram; those of other requests (a stale answer) are passed over.</summary>
    internal void OnDatagram<THandler>(ReadOnlySpan<byte> datagram, bool deliverInterrupted, scoped ref THandler handler)
        where THandler : INetlinkMessageHandler, allows ref struct
    {
        var messages = new NetlinkMessageReader(datagram);
        while (!IsDone && !handler.IsFull && messages.MoveNext())
        {
            if (messages.Sequence != sequence || messages.PortId != portId)
            {
                continue;
            }

            IsInterrupted |= (messages.Flags & NLM_F_DUMP_INTR) != 0;
            switch (messages.Type)
            {
                case NLMSG_NOOP:
                    break;
                case NLMSG_OVERRUN:
                    OnOverrun();
                    break;
                case NLMSG_ERROR or NLMSG_DONE:
                    OnStatus(messages.Type, messages.Flags, messages.Payload);
                    break;
                default:
                    if (!IsInterrupted || deliverInterrupted)
                    {
                        OnMessage(messages.Type, messages.Payload, ref handler);
                    }

                    IsDone |= IsSingle;
                    break;
            }
        }

        if (messages.IsMalformed)
        {
            Malformed++;
        }
    }

    private void OnMessage<THandler>(ushort type, ReadOnlySpan<byte> payload, scoped ref THandler handler)
        where THandler : INetlinkMessageHandler, allows ref struct
    {
        if (handler.OnMessage(type, payload))
        {
            Messages++;
        }
        else
        {
            Malformed++;
        }
    }

    private void OnStatus(ushort type, ushort flags, ReadOnlySpan<byte> payload)
    {
        IsDone = true;
        if (!NetlinkError.TryGetErrno(payload, out var errno))
        {
            Malformed++;
            return;
        }

        Errno = errno;
        if (errno != 0 && errno != ExpectedErrno)
        {
            throw NetlinkError.ToException(operation, errno, type, flags, payload);
        }
    }
}
