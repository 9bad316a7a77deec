using Agent.Kernel.Net;
using Agent.Kernel.ProcFs;
using static Agent.Kernel.Interop.SocketConstants;

namespace Agent.Kernel.Conntrack;

/// <summary>
/// Decodes one line of /proc/net/nf_conntrack, also of the older ip_conntrack, which lacks the first two columns, and of
/// <c>conntrack -L</c>. Source: ct_seq_show, net/netfilter/nf_conntrack_standalone.c.
/// </summary>
/// <remarks>
/// <code>ipv4     2 tcp      6 3599 CLOSE_WAIT src=10.0.0.1 dst=10.96.0.1 sport=4242 dport=80 src=... [ASSURED] mark=0 zone=0 use=2</code>
/// The head has fixed columns up to the protocol number; everything after it is a stream of words, told apart by their
/// keys. Kernels of vendors add words of their own anywhere: words that are unknown are passed over.
/// </remarks>
internal ref struct ConntrackLineParser
{
    private const byte Source = 1;
    private const byte Destination = 2;
    private const byte SourcePort = 4;
    private const byte DestinationPort = 8;

    private ReadOnlySpan<byte> _rest;
    private TupleText _tuple;
    private TupleText _original;
    private int _tuples;

    private ConntrackLineParser(ReadOnlySpan<byte> line) => _rest = line;

    /// <summary>Decodes a line without its line feed.</summary>
    /// <returns>False when the line does not begin as an entry does, or lacks an address or a port of either tuple.</returns>
    internal static bool TryParse(ReadOnlySpan<byte> line, ref ConntrackFlow flow)
    {
        flow = default;
        var parser = new ConntrackLineParser(line);
        return parser.TryParseHead(ref flow) && parser.TryParseWords(ref flow);
    }

    private bool TryParseHead(ref ConntrackFlow flow)
    {
        if (!TryNext(out var name))
        {
            return false;
        }

        if (name.SequenceEqual("ipv4"u8) || name.SequenceEqual("ipv6"u8))
        {
            flow.Family = name[3] == '4' ? (byte)AF_INET : (byte)AF_INET6;
            if (!TryNext(out _) || !TryNext(out name))
            {
                return false;
            }
        }

        // A name of letters and then the number: what tells an entry from a heading, an event or a log line.
        return name[0] is >= (byte)'a' and <= (byte)'z' && TryNext(out var number)
            && TryParseNumber(number, byte.MaxValue, out var protocol) && SetByte(protocol, ref flow.Protocol);
    }

    private bool TryParseWords(ref ConntrackFlow flow)
    {
        flow.Present = ConntrackFields.Status;
        flow.Status = ConntrackStatus.SeenReply;
        while (TryNext(out var word))
        {
            if (_tuples == 0 && word[0] != 's')
            {
                ParseBeforeTuples(word, ref flow);
            }
            else
            {
                ParseWord(word, ref flow);
            }
        }

        if (_tuples < 2 || !IsComplete(_original, flow.Protocol) || !IsComplete(_tuple, flow.Protocol))
        {
            return false;
        }

        flow.Original = _original.ToTuple();
        flow.Reply = _tuple.ToTuple();
        if (flow.Family == 0)
        {
            flow.Family = flow.Original.Source.IsIPv4 ? (byte)AF_INET : (byte)AF_INET6;
        }

        return true;
    }

    /// <summary>The timeout, absent from offloaded entries, and the state of protocols that have one. GRE prints its two timeouts here; they are settings, not what is left.</summary>
    private static void ParseBeforeTuples(ReadOnlySpan<byte> word, ref ConntrackFlow flow)
    {
        if (word[0] is (>= (byte)'0' and <= (byte)'9') or (byte)'-')
        {
            // Old kernels print what has just expired as a negative number.
            if (ProcFields.TryParse(word, out long seconds) && !flow.Has(ConntrackFields.Timeout))
            {
                flow.TimeoutSeconds = (uint)Math.Clamp(seconds, 0, uint.MaxValue);
                flow.Present |= ConntrackFields.Timeout;
            }
        }
        else if (flow.Protocol == IPPROTO_TCP)
        {
            if (TcpConntrackStates.TryParse(word, out flow.TcpState))
            {
                flow.Present |= ConntrackFields.TcpState;
            }
        }
        else if (flow.Protocol == IPPROTO_SCTP && SctpConntrackStates.TryParse(word, out flow.SctpState))
        {
            flow.Present |= ConntrackFields.SctpState;
        }
    }

    private void ParseWord(ReadOnlySpan<byte> word, ref ConntrackFlow flow)
    {
        switch (word[0])
        {
            case (byte)'s' or (byte)'d':
                ParseAddressOrPort(word, ref flow);
                break;
            case (byte)'p' when _tuples <= 1 && TryValue(word, "packets="u8, out flow.PacketsOriginal):
            case (byte)'p' when _tuples > 1 && TryValue(word, "packets="u8, out flow.PacketsReply):
            case (byte)'b' when _tuples <= 1 && TryValue(word, "bytes="u8, out flow.BytesOriginal):
            case (byte)'b' when _tuples > 1 && TryValue(word, "bytes="u8, out flow.BytesReply):
                flow.Present |= ConntrackFields.Counters;
                break;
            case (byte)'[':
                ParseFlag(word, ref flow);
                break;
            case (byte)'m' when TryValue(word, "mark="u8, out var mark) && mark <= uint.MaxValue:
                flow.Mark = (uint)mark;
                flow.Present |= ConntrackFields.Mark;
                break;
            case (byte)'z':
                ParseZone(word, ref flow);
                break;
            case (byte)'u' when TryValue(word, "use="u8, out var use) && use <= uint.MaxValue:
                flow.Use = (uint)use;
                flow.Present |= ConntrackFields.Use;
                break;
            case (byte)'t' or (byte)'c' or (byte)'i' when _tuples == 1 && flow.Protocol is IPPROTO_ICMP or IPPROTO_ICMPV6:
                ParseIcmp(word, ref flow);
                break;
            default:
                break;
        }
    }

    private void ParseAddressOrPort(ReadOnlySpan<byte> word, ref ConntrackFlow flow)
    {
        if (word.Length < 5)
        {
            return;
        }

        if (word[3] == '=')
        {
            ParseAddress(word);
        }
        else if (word[1] is (byte)'p' or (byte)'s' or (byte)'r')
        {
            ParsePort(word);
        }
        else if (TryValue(word, "delta-time="u8, out flow.AgeSeconds))
        {
            flow.Present |= ConntrackFields.Age;
        }
    }

    private void ParseAddress(ReadOnlySpan<byte> word)
    {
        var isSource = word.StartsWith("src="u8);
        if (isSource)
        {
            StartTuple();
        }
        else if (!word.StartsWith("dst="u8))
        {
            return;
        }

        if (_tuples <= 2 && IpAddressParser.TryParse(word[4..], out var address))
        {
            _tuple.Found |= isSource ? Source : Destination;
            (isSource ? ref _tuple.Source : ref _tuple.Destination) = address;
        }
    }

    /// <summary>A third <c>src=</c> (a vendor's, or the master of an expectation) belongs to neither direction.</summary>
    private void StartTuple()
    {
        _tuples++;
        if (_tuples == 2)
        {
            _original = _tuple;
            _tuple = default;
        }
    }

    /// <summary>A port, or a key of GRE, which ctnetlink shows as a port too.</summary>
    private void ParsePort(ReadOnlySpan<byte> word)
    {
        if (_tuples > 2)
        {
            return;
        }

        if (TryPort(word, "sport="u8, ref _tuple.SourcePort) || TryKey(word, "srckey=0x"u8, ref _tuple.SourcePort))
        {
            _tuple.Found |= SourcePort;
        }
        else if (TryPort(word, "dport="u8, ref _tuple.DestinationPort) || TryKey(word, "dstkey=0x"u8, ref _tuple.DestinationPort))
        {
            _tuple.Found |= DestinationPort;
        }
    }

    private static void ParseFlag(ReadOnlySpan<byte> word, ref ConntrackFlow flow)
    {
        if (word.SequenceEqual("[ASSURED]"u8))
        {
            flow.Status |= ConntrackStatus.Assured;
        }
        else if (word.SequenceEqual("[UNREPLIED]"u8))
        {
            flow.Status &= ~ConntrackStatus.SeenReply;
        }
        else if (word.SequenceEqual("[OFFLOAD]"u8))
        {
            flow.Status |= ConntrackStatus.Offload;
        }
        else if (word.SequenceEqual("[HW_OFFLOAD]"u8))
        {
            flow.Status |= ConntrackStatus.Offload | ConntrackStatus.HardwareOffload;
        }
    }

    private static void ParseZone(ReadOnlySpan<byte> word, ref ConntrackFlow flow)
    {
        if (TryPort(word, "zone="u8, ref flow.Zone))
        {
            flow.Present |= ConntrackFields.Zone;
        }
        else if (TryPort(word, "zone-orig="u8, ref flow.OriginalZone))
        {
            flow.Present |= ConntrackFields.OriginalZone;
        }
        else if (TryPort(word, "zone-reply="u8, ref flow.ReplyZone))
        {
            flow.Present |= ConntrackFields.ReplyZone;
        }
    }

    private static void ParseIcmp(ReadOnlySpan<byte> word, ref ConntrackFlow flow)
    {
        if (TryPort(word, "id="u8, ref flow.IcmpId)
            || (TryValue(word, "type="u8, out var type) && SetByte(type, ref flow.IcmpType))
            || (TryValue(word, "code="u8, out var code) && SetByte(code, ref flow.IcmpCode)))
        {
            flow.Present |= ConntrackFields.Icmp;
        }
    }

    private bool TryNext(out ReadOnlySpan<byte> word)
    {
        while (!_rest.IsEmpty)
        {
            var end = _rest.IndexOf((byte)' ');
            word = end < 0 ? _rest : _rest[..end];
            _rest = end < 0 ? default : _rest[(end + 1)..];
            if (!word.IsEmpty)
            {
                return true;
            }
        }

        word = default;
        return false;
    }

    private static bool IsComplete(in TupleText tuple, byte protocol)
    {
        // What the kernel does not track in detail is printed without ports: UDP-Lite and DCCP too, since 6.16.
        var needed = protocol is IPPROTO_TCP or IPPROTO_UDP or IPPROTO_SCTP
            ? Source | Destination | SourcePort | DestinationPort
            : Source | Destination;
        return (tuple.Found & needed) == needed;
    }

    private static bool TryValue(ReadOnlySpan<byte> word, ReadOnlySpan<byte> key, out ulong value)
    {
        value = 0;
        return word.StartsWith(key) && TryParseNumber(word[key.Length..], ulong.MaxValue, out value);
    }

    private static bool TryPort(ReadOnlySpan<byte> word, ReadOnlySpan<byte> key, ref ushort port)
    {
        if (!word.StartsWith(key) || !TryParseNumber(word[key.Length..], ushort.MaxValue, out var value))
        {
            return false;
        }

        port = (ushort)value;
        return true;
    }

    private static bool TryKey(ReadOnlySpan<byte> word, ReadOnlySpan<byte> key, ref ushort value)
    {
        if (!word.StartsWith(key) || !ProcFields.TryParseHex(word[key.Length..], out var number) || number > ushort.MaxValue)
        {
            return false;
        }

        value = (ushort)number;
        return true;
    }

    private static bool SetByte(ulong value, ref byte destination)
    {
        destination = (byte)value;
        return value <= byte.MaxValue;
    }

    private static bool TryParseNumber(ReadOnlySpan<byte> text, ulong limit, out ulong value)
    {
        value = 0;
        if (text.Length is 0 or > 19)
        {
            return text.Length == 20 && ProcFields.TryParse(text, out value) && value <= limit;
        }

        foreach (var character in text)
        {
            var digit = (uint)(character - '0');
            if (digit > 9)
            {
                return false;
            }

            value = (value * 10) + digit;
        }

        return value <= limit;
    }

    private struct TupleText
    {
        internal IpAddress Source;
        internal IpAddress Destination;
        internal ushort SourcePort;
        internal ushort DestinationPort;
        internal byte Found;

        internal readonly ConnectionTuple ToTuple() => new(Source, Destination, SourcePort, DestinationPort);
    }
}
