using Agent.Core.Model;
using Agent.Kernel.Net;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Ends;

/// <summary>One network namespace as its messages are judged: whose it is, and which of its ports listen or did.</summary>
/// <param name="id">A number that no other namespace of this process has.</param>
/// <param name="owner">Whose connections it has where no listening port says otherwise.</param>
public sealed class EndsNamespace(int id, PodEnds owner)
{
    /// <summary>How many ports are remembered as listening. Beyond that a socket is told by its numbers alone.</summary>
    public const int MaxListeners = 1024;

    /// <summary>The lowest local port that the kernel chooses by itself, by default (ip_local_port_range).</summary>
    private const ushort FirstEphemeralPort = 32768;

    private readonly Dictionary<ushort, PodEnds> _listeners = [];
    private int _lookupRound;
    private int _lookupsTaken;

    /// <summary>A number that no other namespace has.</summary>
    public int Id => id;

    /// <summary>Whose connections it has.</summary>
    public PodEnds Owner { get; set; } = owner;

    /// <summary>Resets that this namespace sent.</summary>
    public ResetLedger Resets { get; } = new();

    /// <summary>Ends of which it is not yet known who closed first.</summary>
    public int Undecided { get; internal set; }

    /// <summary>Ends of which the conntrack table is to be asked.</summary>
    public int WantedLookups { get; internal set; }

    /// <summary>When the dump began that <see cref="EndsTally.OnTimeWait"/> told of; null until one was complete.</summary>
    public TimeSpan? DumpedAt { get; set; }

    /// <summary>True when it is no more: no dump will tell who closed first.</summary>
    public bool IsGone { get; set; }

    /// <summary>Notes a port that listens. It is remembered when it listens no more.</summary>
    /// <param name="port">The port.</param>
    /// <param name="owner">Whose it is: pods that share a namespace are told apart by it.</param>
    public void AddListener(ushort port, PodEnds owner)
    {
        if (_listeners.Count < MaxListeners || _listeners.ContainsKey(port))
        {
            _listeners[port] = owner;
        }
    }

    /// <summary>True for a port that listens or did.</summary>
    public bool Listens(ushort port) => _listeners.ContainsKey(port);

    /// <summary>Takes one of the look-ups of a round.</summary>
    /// <param name="round">A number that no other round has.</param>
    /// <param name="share">How many this namespace may have taken with it.</param>
    /// <returns>False when it had its share.</returns>
    internal bool TryTakeLookup(int round, int share)
    {
        if (_lookupRound != round)
        {
            (_lookupRound, _lookupsTaken) = (round, 0);
        }

        if (_lookupsTaken == share)
        {
            return false;
        }

        _lookupsTaken++;
        return true;
    }

    /// <summary>Whose counters an end goes to.</summary>
    public PodEnds OwnerOf(in ConnectionTuple tuple, EndRole role) =>
        role == EndRole.Server && _listeners.TryGetValue(tuple.SourcePort, out var owner) ? owner : Owner;

    /// <summary>Which side of its connection a socket was.</summary>
    /// <param name="end">Its message.</param>
    /// <param name="isGuess">True when nothing tells: two ports that the kernel may have chosen, neither known to listen.</param>
    /// <remarks>
    /// A client's SYN and everybody's FIN count in bytes_acked, or in what is not acknowledged yet: none of them is a server without its
    /// FIN, two are a client with it.
    /// </remarks>
    public EndRole RoleOf(in ConnectionEnd end, out bool isGuess)
    {
        isGuess = false;
        if (end.Has(ConnectionEndFields.BytesAcked | ConnectionEndFields.BytesSent))
        {
            var extra = (long)(end.BytesAcked + end.SendQueueBytes + end.BytesRetransmitted - end.BytesSent);
            if (extra is 0 or 2)
            {
                return extra == 0 ? EndRole.Server : EndRole.Client;
            }
        }

        var (local, remote) = (end.Tuple.SourcePort, end.Tuple.DestinationPort);
        if (_listeners.ContainsKey(local) || _listeners.ContainsKey(remote))
        {
            return _listeners.ContainsKey(local) ? EndRole.Server : EndRole.Client;
        }

        isGuess = local >= FirstEphemeralPort == remote >= FirstEphemeralPort;
        return local < FirstEphemeralPort && remote >= FirstEphemeralPort ? EndRole.Server : EndRole.Client;
    }
}
