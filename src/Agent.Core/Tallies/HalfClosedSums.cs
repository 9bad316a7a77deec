using Agent.Core.Model;
using Agent.Kernel.Conntrack;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Tallies;

/// <summary>Sums of half-closed sockets.</summary>
internal struct HalfClosedSums
{
    private long _closeWait;
    private long _finWait1;
    private long _finWait2;
    private long _untracked;
    private long _disagree;
    private long _unread;
    private TimeSpan? _oldest;
    private long[]? _ownEntries;
    private int[]? _closeWaitAges;
    private int[]? _entryTimes;

    /// <summary>All sockets.</summary>
    public readonly long Sockets => _closeWait + _finWait1 + _finWait2;

    public void Add(in HalfClosedSocket socket)
    {
        switch (socket.Socket.State)
        {
            case TcpState.CloseWait:
                _closeWait++;
                Count(ref _closeWaitAges, socket.Age?.TotalSeconds);
                break;
            case TcpState.FinWait1:
                _finWait1++;
                break;
            default:
                _finWait2++;
                break;
        }

        if (socket.Tracking == TrackingState.Tracked)
        {
            Count(ref _entryTimes, TrackingJudge.SoonestEntry(socket)?.ExpiresIn?.TotalSeconds);
        }

        _untracked += socket.Tracking == TrackingState.Untracked ? 1 : 0;
        _unread += socket.UnreadBytes;
        _disagree += Disagrees(socket.Host, socket.ClosedBy) || Disagrees(socket.Own, socket.ClosedBy) ? 1 : 0;
        if (socket.Age is { } age && (_oldest is null || age > _oldest))
        {
            _oldest = age;
        }
    }

    /// <summary>Adds one whose entry is gone.</summary>
    public void AddUntracked() => _untracked++;

    /// <summary>Adds the entry that the host's table has for a socket which was added without it.</summary>
    public void AddHostEntry(in EntryMatch entry, ClosedBy bySocket)
    {
        Count(ref _entryTimes, entry.ExpiresInSeconds);
        _disagree += Disagrees(entry, bySocket) ? 1 : 0;
    }

    /// <summary>Forgets what <see cref="AddHostEntry"/> added: the dump starts over.</summary>
    public void ForgetHostEntries()
    {
        _entryTimes?.AsSpan().Clear();
        _disagree = 0;
    }

    /// <summary>Adds other sums.</summary>
    public void Add(in HalfClosedSums other)
    {
        _closeWait += other._closeWait;
        _finWait1 += other._finWait1;
        _finWait2 += other._finWait2;
        _untracked += other._untracked;
        _disagree += other._disagree;
        _unread += other._unread;
        _oldest = _oldest is null || other._oldest > _oldest ? other._oldest ?? _oldest : _oldest;
        Add(ref _closeWaitAges, other._closeWaitAges);
        Add(ref _entryTimes, other._entryTimes);
    }

    public void AddOwnEntry(in EntryMatch entry)
    {
        if (entry.State is TcpConntrackState.FinWait or TcpConntrackState.CloseWait)
        {
            _ownEntries ??= new long[HalfClosedEntries.Length];
            _ownEntries[HalfClosedEntries.IndexOf(ConntrackTableKind.Pod, entry.State == TcpConntrackState.CloseWait, entry.ClosedBy)]++;
        }
    }

    public readonly HalfClosedSummary ToSummary(HalfClosedEntries host) => new()
    {
        CloseWaitSockets = _closeWait,
        FinWait1Sockets = _finWait1,
        FinWait2Sockets = _finWait2,
        ClosedByPeer = _closeWait,
        ClosedByPod = _finWait1 + _finWait2,
        CloseWaitAges = DurationCounts.From(_closeWaitAges),
        EntryTimes = DurationCounts.From(_entryTimes),
        Untracked = _untracked,
        ClosersDisagree = _disagree,
        UnreadBytes = _unread,
        Oldest = _oldest,
        Entries = _ownEntries is { } own ? new HalfClosedEntries([.. own.Zip(host.Counts, static (a, b) => a + b)]) : host,
    };

    private static void Count(ref int[]? bySteps, double? seconds)
    {
        if (seconds is { } known)
        {
            bySteps ??= new int[DurationCounts.Steps];
            bySteps[DurationCounts.StepOf(known)]++;
        }
    }

    private static void Add(ref int[]? bySteps, int[]? more)
    {
        if (more is not null)
        {
            bySteps ??= new int[DurationCounts.Steps];
            for (var step = 0; step < more.Length; step++)
            {
                bySteps[step] += more[step];
            }
        }
    }

    private static bool Disagrees(in EntryMatch match, ClosedBy bySocket) =>
        match.Found && match.ClosedBy != ClosedBy.Unknown && match.ClosedBy != bySocket;
}
