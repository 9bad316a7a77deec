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
/// first four bytes. Kernels of vendors add words of their own anywhere: words that are unknown are passed over.
/// </remarks>
internal ref struct ConntrackLineParser
{
    private ProcWords _words;
    private TupleText _tuple;
    private TupleText _original;
    private int _tuples;

    private ConntrackLineParser(ReadOnlySpan<byte> line) => _words = new(line);

    [Flags]
    private enum Parts : byte
    {
        Source = 1,
        Destination = 2,
        SourcePort = 4,
        DestinationPort = 8,
        Addresses = Source | Destination,
        All = Addresses | SourcePort | DestinationPort,
    }

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
        if (!_words.MoveNext())
        {
            return false;
        }

        var name = _words.Current;
        var hasFamily = name.SequenceEqual("ipv4"u8) || name.SequenceEqual("ipv6"u8);
        if (hasFamily && (!_words.MoveNext() || !_words.MoveNext()))
        {
            return false;
        }

        // A name in small letters and then the number: what tells an entry from a heading, an event or a log line.
        if (_words.First is < (byte)'a' or > (byte)'z' || !_words.MoveNext() || !_words.TryReadNumber(byte.MaxValue, out var protocol))
        {
            return false;
        }

        flow.Protocol = (byte)protocol;
        return true;
    }

    private bool TryParseWords(ref ConntrackFlow flow)
    {
        flow.Present = ConntrackFields.Status;
        flow.Status = ConntrackStatus.SeenReply;
        while (_words.MoveNext())
        {
            if (_tuples == 0 && _words.First != 's')
            {
                ParseBeforeTuples(ref flow);
            }
            else
            {
                ParseWord(ref flow);
            }
        }

        if (_tuples < 2 || !IsComplete(_original, flow.Protocol) || !IsComplete(_tuple, flow.Protocol))
        {
            return false;
        }

        flow.Original = _original.ToTuple();
        flow.Reply = _tuple.ToTuple();
        return true;
    }

    /// <summary>
    /// The timeout, absent from offloaded entries, and the state of protocols that have one. GRE
    /// prints its two timeouts here; they are settings, not what is left.
    /// </summary>
    private void ParseBeforeTuples(ref ConntrackFlow flow)
    {
        if (_words.First is (>= (byte)'0' and <= (byte)'9') or (byte)'-')
        {
            // Old kernels print what has just expired as a negative number.
            var expired = _words.TrySkip("-"u8);
            if (_words.TryReadNumber(ulong.MaxValue, out var seconds) && !flow.Has(ConntrackFields.Timeout))
            {
                flow.TimeoutSeconds = expired ? 0 : (uint)Math.Min(seconds, uint.MaxValue);
                flow.Present |= ConntrackFields.Timeout;
            }
        }
        else if (flow.Protocol == IPPROTO_TCP)
        {
            if (TcpConntrackStates.TryParse(_words.Current, out flow.TcpState))
            {
                flow.Present |= ConntrackFields.TcpState;
            }
        }
        else if (flow.Protocol == IPPROTO_SCTP && SctpConntrackStates.TryParse(_words.Current, out flow.SctpState))
        {
            flow.Present |= ConntrackFields.SctpState;
        }
    }

    private void ParseWord(ref ConntrackFlow flow)
    {
        var head = _words.Head;
        if (head == ProcWords.Key("src="u8) || head == ProcWords.Key("dst="u8))
        {
            ParseAddress(head);
        }
        else if (head == ProcWords.Key("spor"u8) || head == ProcWords.Key("dpor"u8))
        {
            ParsePort(head);
        }
        else if (head == ProcWords.Key("srck"u8) || head == ProcWords.Key("dstk"u8))
        {
            ParseKey(head);
        }
        else if (_words.First == '[')
        {
            ParseFlag(ref flow);
        }
        else if (head == ProcWords.Key("zone"u8))
        {
            ParseZone(ref flow);
        }
    }

    private void ParseAddress(uint head)
    {
        var isSource = head == ProcWords.Key("src="u8);
        if (isSource)
        {
            StartTuple();
        }

        if (_tuples <= 2 && _words.TrySkip(isSource ? "src="u8 : "dst="u8) && _words.TryReadAddress(out var address))
        {
            _tuple.Found |= isSource ? Parts.Source : Parts.Destination;
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

    private void ParsePort(uint head)
    {
        var isSource = head == ProcWords.Key("spor"u8);
        if (_tuples <= 2 && _words.TrySkip(isSource ? "sport="u8 : "dport="u8)
            && _words.TryReadUInt16(ref isSource ? ref _tuple.SourcePort : ref _tuple.DestinationPort))
        {
            _tuple.Found |= isSource ? Parts.SourcePort : Parts.DestinationPort;
        }
    }

    /// <summary>A key of GRE, which ctnetlink shows as a port.</summary>
    private void ParseKey(uint head)
    {
        var isSource = head == ProcWords.Key("srck"u8);
        if (_tuples <= 2 && _words.TrySkip(isSource ? "srckey=0x"u8 : "dstkey=0x"u8)
            && ProcFields.TryParseHex(_words.Current, out var key) && key <= ushort.MaxValue)
        {
            (isSource ? ref _tuple.SourcePort : ref _tuple.DestinationPort) = (ushort)key;
        }
    }

    private readonly void ParseFlag(ref ConntrackFlow flow)
    {
        var word = _words.Current;
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

    private void ParseZone(ref ConntrackFlow flow)
    {
        if (_words.TrySkip("zone="u8))
        {
            flow.Present |= _words.TryReadUInt16(ref flow.Zone) ? ConntrackFields.Zone : 0;
        }
        else if (_words.TrySkip("zone-orig="u8))
        {
            flow.Present |= _words.TryReadUInt16(ref flow.OriginalZone) ? ConntrackFields.OriginalZone : 0;
        }
        else if (_words.TrySkip("zone-reply="u8))
        {
            flow.Present |= _words.TryReadUInt16(ref flow.ReplyZone) ? ConntrackFields.ReplyZone : 0;
        }
    }

    /// <summary>What the kernel does not track in detail is printed without ports: UDP-Lite and DCCP too, since 6.16.</summary>
    private static bool IsComplete(in TupleText tuple, byte protocol)
    {
        var needed = protocol is IPPROTO_TCP or IPPROTO_UDP or IPPROTO_SCTP ? Parts.All : Parts.Addresses;
        return (tuple.Found & needed) == needed;
    }

    private struct TupleText
    {
        internal IpAddress Source;
        internal IpAddress Destination;
        internal ushort SourcePort;
        internal ushort DestinationPort;
        internal Parts Found;

        internal readonly ConnectionTuple ToTuple() => new(Source, Destination, SourcePort, DestinationPort);
    }
}
