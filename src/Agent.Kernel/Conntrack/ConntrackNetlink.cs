using Agent.Kernel.Interop;
using Agent.Kernel.Net;
using Agent.Kernel.Netlink;
using static Agent.Kernel.Interop.ConntrackConstants;
using static Agent.Kernel.Interop.NetlinkConstants;

namespace Agent.Kernel.Conntrack;

/// <summary>
/// The conntrack table of one network namespace by ctnetlink (module nf_conntrack_netlink; needs CAP_NET_ADMIN there).
/// Not thread-safe. After an exception from a dump, dispose of it: the kernel may still be sending.
/// </summary>
public sealed class ConntrackNetlink : IDisposable
{
    private const int MaxRequestLength = 256;

    private readonly NetlinkConnection _connection;

    internal ConntrackNetlink(INetlinkTransport transport, NetlinkBuffer? buffer = null) => _connection = new(transport, buffer);

    private ConntrackNetlink(NetlinkConnection connection) => _connection = connection;

    /// <summary>Opens the table of the calling thread's network namespace; it stays that namespace's, whatever thread uses it.</summary>
    /// <param name="receiveTimeout">How long to wait for an answer before ETIMEDOUT.</param>
    /// <param name="buffer">A buffer shared by many namespaces, not disposed of here; null makes an own one.</param>
    /// <exception cref="KernelException">EPROTONOSUPPORT: the kernel has no nfnetlink, or its module is not loaded.</exception>
    public static ConntrackNetlink Open(TimeSpan receiveTimeout, NetlinkBuffer? buffer = null) =>
        new(NetlinkConnection.Open(NETLINK_NETFILTER, receiveTimeout, buffer));

    /// <summary>
    /// Streams every entry to a sink, in no particular order. Not a snapshot: entries may repeat or be missed while the table changes.
    /// </summary>
    /// <param name="family">AF_INET (2), AF_INET6 (10), or 0 for both.</param>
    /// <param name="sink">Receives the entries.</param>
    /// <param name="cancellationToken">Ends the dump between two chunks of about 32 KiB.</param>
    /// <exception cref="KernelException">
    /// EPERM: CAP_NET_ADMIN is missing. EINVAL or EOPNOTSUPP: nf_conntrack_netlink is not loaded.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public DumpResult Dump<TSink>(byte family, ref TSink sink, CancellationToken cancellationToken)
        where TSink : IConntrackSink, allows ref struct
    {
        Span<byte> bytes = stackalloc byte[MaxRequestLength];
        var request = Begin(bytes, IPCTNL_MSG_CT_GET, NLM_F_DUMP, family);
        var handler = new FlowHandler<TSink> { Sink = sink };
        var result = _connection.Dump(request.Finish(), "conntrack dump (netlink)", ref handler, cancellationToken);
        sink = handler.Sink;
        return result;
    }

    /// <summary>
    /// Finds one entry of one zone, in either direction: a socket's own view (local address first) finds its entry on either end.
    /// </summary>
    /// <param name="protocol">IPPROTO_TCP (6) or another protocol with ports.</param>
    /// <param name="tuple">Source and destination as the socket, or one direction of the entry, shows them.</param>
    /// <param name="flow">The entry.</param>
    /// <param name="zone">CTA_ZONE; 0 is what has none.</param>
    /// <returns>False when there is none.</returns>
    /// <exception cref="KernelException">As for <see cref="Dump"/>.</exception>
    public bool TryLookup(byte protocol, in ConnectionTuple tuple, out ConntrackFlow flow, ushort zone = 0)
    {
        Span<byte> bytes = stackalloc byte[MaxRequestLength];
        var family = tuple.Source.IsIPv4 ? SocketConstants.AF_INET : SocketConstants.AF_INET6;
        var request = Begin(bytes, IPCTNL_MSG_CT_GET, 0, (byte)family);
        WriteTuple(ref request, protocol, tuple);
        if (zone != 0)
        {
            request.WriteAttributeBigEndian(CTA_ZONE, zone);
        }

        var handler = new SingleFlowHandler();
        var errno = _connection.GetOne(request.Finish(), "conntrack look-up (netlink)", ErrnoText.ENOENT, ref handler);
        flow = handler.Flow;
        return errno == 0 && handler.Found;
    }

    /// <summary>The counters of all CPUs, summed.</summary>
    /// <exception cref="KernelException">As for <see cref="Dump"/>.</exception>
    public ConntrackStatistics ReadStatistics(CancellationToken cancellationToken)
    {
        Span<byte> bytes = stackalloc byte[MaxRequestLength];
        var request = Begin(bytes, IPCTNL_MSG_CT_GET_STATS_CPU, NLM_F_DUMP, SocketConstants.AF_UNSPEC);
        var handler = new NumbersHandler();
        _connection.Dump(request.Finish(), "conntrack statistics (netlink)", ref handler, cancellationToken);
        return handler.Sum.ToStatistics();
    }

    /// <summary>How many entries this namespace has and may have.</summary>
    /// <exception cref="KernelException">As for <see cref="Dump"/>.</exception>
    public ConntrackCount ReadCount()
    {
        Span<byte> bytes = stackalloc byte[MaxRequestLength];
        var request = Begin(bytes, IPCTNL_MSG_CT_GET_STATS, 0, SocketConstants.AF_UNSPEC);
        var handler = new NumbersHandler();
        _connection.GetOne(request.Finish(), "conntrack count (netlink)", 0, ref handler);
        return handler.Sum.ToCount();
    }

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    private NetlinkRequestWriter Begin(Span<byte> buffer, ushort message, ushort flags, byte family)
    {
        var request = _connection.Begin(buffer, (ushort)((NFNL_SUBSYS_CTNETLINK << 8) | message), flags);
        request.WriteBytes([family, 0, 0, 0]);
        return request;
    }

    private static void WriteTuple(ref NetlinkRequestWriter request, byte protocol, in ConnectionTuple tuple)
    {
        Span<byte> address = stackalloc byte[16];
        var isIPv4 = tuple.Source.IsIPv4;
        var nested = request.BeginNested(CTA_TUPLE_ORIG);

        var ip = request.BeginNested(CTA_TUPLE_IP);
        request.WriteAttribute(isIPv4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, address[..tuple.Source.Write(address)]);
        request.WriteAttribute(isIPv4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, address[..tuple.Destination.Write(address)]);
        request.EndNested(ip);

        var proto = request.BeginNested(CTA_TUPLE_PROTO);
        request.WriteAttribute(CTA_PROTO_NUM, protocol);
        request.WriteAttributeBigEndian(CTA_PROTO_SRC_PORT, tuple.SourcePort);
        request.WriteAttributeBigEndian(CTA_PROTO_DST_PORT, tuple.DestinationPort);
        request.EndNested(proto);

        request.EndNested(nested);
    }

    private ref struct FlowHandler<TSink> : INetlinkMessageHandler
        where TSink : IConntrackSink, allows ref struct
    {
        internal TSink Sink;
        private ConntrackFlow _flow;

        public readonly bool IsFull => false;

        public bool OnMessage(ushort type, ReadOnlySpan<byte> payload)
        {
            if (!ConntrackFlowParser.TryParse(payload, ref _flow))
            {
                return false;
            }

            Sink.OnFlow(in _flow);
            return true;
        }

        public void Restart() => Sink.Restart();
    }

    private struct SingleFlowHandler : INetlinkMessageHandler
    {
        internal ConntrackFlow Flow;
        internal bool Found;

        public readonly bool IsFull => false;

        public bool OnMessage(ushort type, ReadOnlySpan<byte> payload) => Found = ConntrackFlowParser.TryParse(payload, ref Flow);

        public readonly void Restart()
        {
        }
    }

    /// <summary>The numbers of one message or of several: an attribute each.</summary>
    private struct NumbersHandler : INetlinkMessageHandler
    {
        internal ConntrackCounterSum Sum;

        public readonly bool IsFull => false;

        public bool OnMessage(ushort type, ReadOnlySpan<byte> payload)
        {
            if (payload.Length < NFGENMSG_LENGTH)
            {
                return false;
            }

            var attributes = new NetlinkAttributeReader(payload[NFGENMSG_LENGTH..]);
            while (attributes.MoveNext())
            {
                if (attributes.TryGetUInt32BigEndian(out var value))
                {
                    Sum.Add(attributes.Type, value);
                }
            }

            return !attributes.IsMalformed;
        }

        public void Restart() => Sum = default;
    }
}

/// <summary>The size of a conntrack table (IPCTNL_MSG_CT_GET_STATS).</summary>
/// <param name="Entries">Entries of this namespace, with those that expired but were not collected yet; null when not sent.</param>
/// <param name="Limit">nf_conntrack_max, since Linux 5.1; 0 means no limit; null when not sent.</param>
public readonly record struct ConntrackCount(long? Entries, long? Limit);
