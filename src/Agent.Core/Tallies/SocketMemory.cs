using Agent.Core.Model;
using Agent.Kernel.Net;
using Agent.Kernel.ProcFs;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Tallies;

/// <summary>
/// What the last dump of a network namespace's sockets showed, to be shown again without one: while nothing has happened there, which
/// costs the reading of three small files, or until its turn comes.
/// </summary>
/// <remarks>
/// Listeners and half-closed sockets, which change without a segment, are read again each time; see <see cref="SocketActivity"/>.
/// </remarks>
public sealed class SocketMemory
{
    /// <summary>Half-closed sockets that are remembered: each is looked up when the rest is shown again.</summary>
    public const int MaxHalfClosed = 64;

    /// <summary>A segment has reached its socket by then; and connections are remembered as idle from this age on.</summary>
    private static readonly TimeSpan s_quietBefore = TimeSpan.FromSeconds(1);

    private readonly long[] _states = new long[TcpStateCounts.Length];
    private readonly List<PortTally> _ports = [];
    private readonly List<ConnectionTuple> _established = [];
    private readonly List<TcpSocket> _halfClosed = [];
    private SocketActivity? _activity;
    private TimeSpan _activityAt;
    private bool _wasQuiet;

    /// <summary>Monotonic time of the last dump; null before the first.</summary>
    public TimeSpan? DumpedAt { get; private set; }

    /// <summary>CPU time that it took.</summary>
    public TimeSpan Cost { get; private set; }

    /// <summary>Sockets of the last dump; null before the first.</summary>
    public long? Total { get; private set; }

    /// <summary>True when nothing had happened in the namespace at the last scan, so that it was not dumped.</summary>
    public bool IsResting { get; private set; }

    /// <summary>The half-closed sockets.</summary>
    public IReadOnlyList<TcpSocket> HalfClosed => _halfClosed;

    /// <summary>Sockets by state, without listeners and half-closed ones.</summary>
    internal ReadOnlySpan<long> States => _states;

    /// <summary>Listening sockets.</summary>
    internal long Listeners { get; private set; }

    /// <summary>Listening ports.</summary>
    internal IReadOnlyList<PortTally> Ports => _ports;

    /// <summary>Some established connections.</summary>
    internal IReadOnlyList<ConnectionTuple> Established => _established;

    /// <summary>True when the dump can be shown again at all: all its half-closed sockets are remembered.</summary>
    public bool CanRecall { get; private set; }

    /// <summary>
    /// Whether a dump now would show what the last one showed, but for ages, listeners and what half-closed sockets have unread.
    /// </summary>
    /// <remarks>
    /// A segment is counted a moment before its socket takes it, and later still when a process holds the socket. So the last dump counts
    /// only when nothing had come or gone for a while before it.
    /// </remarks>
    /// <param name="activity">Read now; null when unknown.</param>
    public bool IsUnchanged(SocketActivity? activity) =>
        CanRecall && _wasQuiet && activity is not null && activity == _activity && !MovesByItself;

    /// <summary>True when it has nothing that must be read again to be shown again, as only netlink can.</summary>
    public bool IsComplete => _halfClosed.Count == 0 && !_ports.Exists(static port => port.Queued > 0);

    /// <summary>Notes that the last dump is shown again, because nothing has happened.</summary>
    public void NoteRest() => IsResting = true;

    /// <summary>Takes note of a dump.</summary>
    /// <param name="dump">What is known of it.</param>
    /// <param name="tally">Holds it.</param>
    /// <param name="halfClosed">The half-closed sockets that are kept of it in full.</param>
    public void Note(in SocketDump dump, SocketTally tally, ReadOnlySpan<HalfClosedSocket> halfClosed)
    {
        ArgumentNullException.ThrowIfNull(tally);
        _wasQuiet = dump.Activity is not null && dump.Activity == _activity && dump.BeganAt - _activityAt >= s_quietBefore;
        if (dump.Activity != _activity)
        {
            (_activity, _activityAt) = (dump.Activity, dump.BeganAt);
        }

        (DumpedAt, Cost, IsResting, Total) = (dump.BeganAt, dump.Cost, false, tally.Total);
        (Listeners, var seen) = tally.CopyTo(_states, _ports, _established);
        _halfClosed.Clear();
        CanRecall = dump.IsWhole && seen == halfClosed.Length && seen <= MaxHalfClosed;
        if (CanRecall)
        {
            foreach (ref readonly var socket in halfClosed)
            {
                _halfClosed.Add(socket.Socket);
            }
        }
    }

    /// <summary>True for a half-closed socket that is as the last dump showed it, but for its ages and what it has unread.</summary>
    /// <param name="then">As it was.</param>
    /// <param name="now">As it was found now.</param>
    public static bool IsSame(in TcpSocket then, in TcpSocket now) => then.State == now.State && then.Inode == now.Inode;

    /// <summary>
    /// Handshakes and closes under way end by timers that send nothing at their end. Those of TIME_WAIT and of FIN_WAIT2 change the number
    /// of mini-sockets.
    /// </summary>
    private bool MovesByItself =>
        _states[(int)TcpState.SynSent] + _states[(int)TcpState.SynRecv] + _states[(int)TcpState.NewSynRecv]
            + _states[(int)TcpState.LastAck] + _states[(int)TcpState.Closing] > 0
        || _halfClosed.Exists(static socket => socket.State == TcpState.FinWait1);
}

/// <summary>One dump of a namespace's sockets.</summary>
/// <param name="BeganAt">Monotonic time.</param>
/// <param name="Cost">CPU time that it took.</param>
/// <param name="Activity">Read before it; null when unknown.</param>
/// <param name="IsWhole">True when the namespace has one owner and no listening port was left out.</param>
public readonly record struct SocketDump(TimeSpan BeganAt, TimeSpan Cost, SocketActivity? Activity, bool IsWhole);
