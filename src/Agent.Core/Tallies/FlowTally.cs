using System.Runtime.CompilerServices;
using Agent.Core.Attribution;
using Agent.Core.Model;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Net;

namespace Agent.Core.Tallies;

/// <summary>
/// Counts one dump of the node's conntrack table while it streams by: by protocol and state, half-closed entries by owner and
/// closer, and the entries of the half-closed sockets. Keeps no list of entries.
/// </summary>
public sealed class FlowTally
{
    /// <summary>How many half-closed entries are kept as a sample: those that expire soonest.</summary>
    public const int SampleSize = 100;

    private const int StatesPerProtocol = 16;
    private const int NoState = 15;

    private static readonly AddressIndex s_noAddresses = new();
    private static readonly HalfClosedTable s_noSockets = new(new(), static (_, _) => false);

    private readonly TableTally _table;
    private readonly long[] _counts = new long[256 * StatesPerProtocol];
    private AddressIndex _addresses = s_noAddresses;
    private HalfClosedTable _sockets = s_noSockets;
    private long[] _byOwner = [];
    private bool[] _seen = [];
    private int _owners;
    private readonly long[] _halfClosed = new long[6];
    private readonly long[] _unattributed = new long[6];
    private readonly HalfClosedSample[] _sample = new HalfClosedSample[SampleSize];
    private int _sampleCount;
    private int _latestInSample;

    /// <summary>Makes a tally that is used for every dump, see <see cref="Begin"/>.</summary>
    /// <param name="seed">Any number that pods do not know.</param>
    public FlowTally(ulong seed) => _table = new(seed);

    /// <summary>Prepares to count a dump.</summary>
    /// <param name="addresses">Whose address is whose.</param>
    /// <param name="owners">How many owners there are.</param>
    /// <param name="sockets">The half-closed sockets, indexed.</param>
    public void Begin(AddressIndex addresses, int owners, HalfClosedTable sockets)
    {
        _addresses = addresses;
        _sockets = sockets;
        _owners = owners;
        if (_seen.Length < owners)
        {
            _byOwner = new long[owners * HalfClosedEntries.Length];
            _seen = new bool[owners];
        }

        Restart();
    }

    /// <summary>Lets go of what <see cref="Begin"/> was given; the counts stay until the next dump.</summary>
    public void End() => (_addresses, _sockets) = (s_noAddresses, s_noSockets);

    /// <summary>Who fills the table.</summary>
    public TableTally Table => _table;

    /// <summary>Entries seen.</summary>
    public long Total { get; private set; }

    /// <summary>Half-closed entries, all.</summary>
    public HalfClosedFlowCounts HalfClosed => ToCounts(_halfClosed);

    /// <summary>Half-closed entries with neither end on this node.</summary>
    public HalfClosedFlowCounts Unattributed => ToCounts(_unattributed);

    /// <summary>The half-closed entries that expire soonest, in no order.</summary>
    public ReadOnlySpan<HalfClosedSample> Sample => _sample.AsSpan(0, _sampleCount);

    /// <summary>True when any entry has an address of this owner at one of its ends.</summary>
    public bool HasEntries(int owner) => _seen[owner];

    /// <summary>Half-closed entries of an owner, in the order of <see cref="HalfClosedEntries.Counts"/>.</summary>
    public ReadOnlySpan<long> EntriesOf(int owner) => _byOwner.AsSpan(owner * HalfClosedEntries.Length, HalfClosedEntries.Length);

    /// <summary>Entries of a protocol in a state (TCP and SCTP), or without one (<paramref name="state"/> null).</summary>
    public long Count(byte protocol, byte? state) => _counts[(protocol * StatesPerProtocol) + (state ?? NoState)];

    /// <summary>Counts one entry.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(in ConntrackFlow flow)
    {
        Total++;
        var state = flow.Has(ConntrackFields.TcpState) ? (int)flow.TcpState
            : flow.Has(ConntrackFields.SctpState) ? flow.SctpState
            : NoState;
        _counts[(flow.Protocol * StatesPerProtocol) + Math.Min(state, NoState)]++;

        // NAT changes what an end sees of the other, never the end's own address: these two are the true ends.
        var initiator = Find(flow.Original.Source);
        var responder = Find(flow.Reply.Source);
        if (initiator >= 0)
        {
            _seen[initiator] = true;
        }

        if (responder >= 0)
        {
            _seen[responder] = true;
        }

        _table.Add(flow, initiator, responder);

        // The socket knows better than the address: hostNetwork pods share the node's.
        var (initiatorOwner, responderOwner) = _sockets.MatchHost(flow);
        if (flow.IsHalfClosed)
        {
            AddHalfClosed(
                flow, initiatorOwner >= 0 ? initiatorOwner : initiator, responderOwner >= 0 ? responderOwner : responder);
        }
    }

    /// <summary>Forgets everything: the dump starts over.</summary>
    public void Restart()
    {
        Total = 0;
        Array.Clear(_halfClosed);
        Array.Clear(_unattributed);
        Array.Clear(_counts);
        Array.Clear(_byOwner);
        Array.Clear(_seen);
        _sampleCount = 0;
        _table.Begin(_owners);
        _sockets.ResetHostMatches();
    }

    /// <summary>A loopback address in the host's table is the host's own, and in no index.</summary>
    private int Find(IpAddress address) =>
        _addresses.Find(address) is >= 0 and var owner ? owner
        : address.IsLoopback ? Owner.HostIndex
        : AddressIndex.None;

    private void AddHalfClosed(in ConntrackFlow flow, int initiator, int responder)
    {
        var originalFirst = flow.OriginalClosedFirst;
        var closeWait = flow.TcpState == TcpConntrackState.CloseWait;
        var kind = (closeWait ? 3 : 0) + (originalFirst switch { null => 0, true => 1, false => 2 });
        _halfClosed[kind]++;
        if (initiator < 0 && responder < 0)
        {
            _unattributed[kind]++;
        }

        if (initiator >= 0)
        {
            Count(initiator, closeWait, originalFirst);
        }

        if (responder >= 0 && responder != initiator)
        {
            Count(responder, closeWait, !originalFirst);
        }

        KeepSample(flow, initiator, responder);
    }

    private void Count(int owner, bool closeWait, bool? ownerFirst)
    {
        var closedBy = ownerFirst switch { null => ClosedBy.Unknown, true => ClosedBy.Pod, false => ClosedBy.Peer };
        _byOwner[(owner * HalfClosedEntries.Length) + HalfClosedEntries.IndexOf(ConntrackTableKind.Host, closeWait, closedBy)]++;
    }

    private void KeepSample(in ConntrackFlow flow, int initiator, int responder)
    {
        if (_sampleCount < SampleSize)
        {
            _sample[_sampleCount++] = new HalfClosedSample(flow, initiator, responder);
        }
        else if (flow.TimeoutSeconds < _sample[_latestInSample].Flow.TimeoutSeconds)
        {
            _sample[_latestInSample] = new HalfClosedSample(flow, initiator, responder);
        }
        else
        {
            return;
        }

        for (var i = _latestInSample = 0; i < _sampleCount; i++)
        {
            if (_sample[i].Flow.TimeoutSeconds > _sample[_latestInSample].Flow.TimeoutSeconds)
            {
                _latestInSample = i;
            }
        }
    }

    private static HalfClosedFlowCounts ToCounts(long[] kinds) =>
        new(kinds[0] + kinds[1] + kinds[2], kinds[3] + kinds[4] + kinds[5], kinds[1] + kinds[4], kinds[2] + kinds[5], kinds[0] + kinds[3]);
}
