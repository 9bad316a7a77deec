using Agent.Core.Model;
using Agent.Kernel.Conntrack;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Tallies;

/// <summary>Sums of half-closed sockets.</summary>
internal struct HalfClosedSums
{
    private bool _isOwnTableUnknown;
    private long _closeWait;
    private long _finWait1;
    private long _finWait2;
    private long _untracked;
    private long _untrackedLost;
    private long _untrackedUnsure;
    private long _pooledLost;
    private long _disagree;
    private long _unread;
    private TimeSpan? _oldest;
    private long[]? _ownEntries;
    private int[]? _closeWaitAges;
    private int[]? _finWait2Ages;
    private int[]? _pooledAges;
    private int[]? _abandonedAges;
    private int[]? _abandonedLostAges;
    private int[]? _entryTimes;
    private int[]? _neededEntryTimes;

    /// <summary>All sockets.</summary>
    public readonly long Sockets => _closeWait + _finWait1 + _finWait2;

    public void Add(in HalfClosedSocket socket)
    {
        switch (socket.Socket.State)
        {
            case TcpState.CloseWait:
                _closeWait++;
                AddCloseWait(socket, socket.SilentFor?.TotalSeconds);
                break;
            case TcpState.FinWait1:
                _finWait1++;
                break;
            default:
                _finWait2++;
                Count(ref _finWait2Ages, socket.SilentFor?.TotalSeconds);
                break;
        }

        _isOwnTableUnknown |= !(socket.Own.Asked || socket.Namespace.HasNoOwnEntries);
        if (socket.Tracking == TrackingState.Tracked)
        {
            var left = TrackingJudge.SoonestEntry(socket)?.ExpiresIn?.TotalSeconds;
            Count(ref _entryTimes, left);
            Count(ref _neededEntryTimes, socket is { NeedsEntry: true, IsPooled: false } ? left : null);
        }

        if (socket.Tracking == TrackingState.Untracked)
        {
            _untracked++;
            _untrackedLost += socket.NeedsEntry == true ? 1 : 0;
            _untrackedUnsure += socket.NeedsEntry is null ? 1 : 0;
        }

        _unread += socket.UnreadBytes;
        _disagree += Disagrees(socket.Host, socket.ClosedBy) || Disagrees(socket.Own, socket.ClosedBy) ? 1 : 0;
        if (socket.Age is { } age && (_oldest is null || age > _oldest))
        {
            _oldest = age;
        }
    }

    /// <summary>Adds one whose entry is gone.</summary>
    /// <param name="needsEntry">Whether what it sends next is lost; null when that is not known.</param>
    public void AddUntracked(bool? needsEntry)
    {
        _untracked++;
        _untrackedLost += needsEntry == true ? 1 : 0;
        _untrackedUnsure += needsEntry is null ? 1 : 0;
    }

    /// <summary>Adds the entry that the host's table has for a socket which was added without it.</summary>
    public void AddHostEntry(in EntryMatch entry, ClosedBy bySocket, bool? needsEntry)
    {
        Count(ref _entryTimes, entry.ExpiresInSeconds);
        Count(ref _neededEntryTimes, needsEntry == true ? entry.ExpiresInSeconds : null);
        _disagree += Disagrees(entry, bySocket) ? 1 : 0;
    }

    /// <summary>Forgets what <see cref="AddHostEntry"/> added: the dump starts over.</summary>
    public void ForgetHostEntries()
    {
        _entryTimes?.AsSpan().Clear();
        _neededEntryTimes?.AsSpan().Clear();
        _disagree = 0;
    }

    /// <summary>Adds other sums.</summary>
    public void Add(in HalfClosedSums other)
    {
        _isOwnTableUnknown |= other._isOwnTableUnknown;
        _closeWait += other._closeWait;
        _finWait1 += other._finWait1;
        _finWait2 += other._finWait2;
        _untracked += other._untracked;
        _untrackedLost += other._untrackedLost;
        _untrackedUnsure += other._untrackedUnsure;
        _pooledLost += other._pooledLost;
        _disagree += other._disagree;
        _unread += other._unread;
        _oldest = _oldest is null || other._oldest > _oldest ? other._oldest ?? _oldest : _oldest;
        Add(ref _closeWaitAges, other._closeWaitAges);
        Add(ref _finWait2Ages, other._finWait2Ages);
        Add(ref _pooledAges, other._pooledAges);
        Add(ref _abandonedAges, other._abandonedAges);
        Add(ref _abandonedLostAges, other._abandonedLostAges);
        Add(ref _entryTimes, other._entryTimes);
        Add(ref _neededEntryTimes, other._neededEntryTimes);
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
        OwnTableAsked = !_isOwnTableUnknown,
        ClosedByPeer = _closeWait,
        ClosedByPod = _finWait1 + _finWait2,
        CloseWaitAges = DurationCounts.From(_closeWaitAges),
        FinWait2Ages = DurationCounts.From(_finWait2Ages),
        PooledCloseWaitAges = DurationCounts.From(_pooledAges),
        AbandonedCloseWaitAges = DurationCounts.From(_abandonedAges),
        EntryTimes = DurationCounts.From(_entryTimes),
        NeededEntryTimes = DurationCounts.From(_neededEntryTimes),
        Untracked = _untracked,
        UntrackedLost = _untrackedLost,
        UntrackedUnsure = _untrackedUnsure,
        PooledLost = _pooledLost,
        AbandonedLostAges = DurationCounts.From(_abandonedLostAges),
        ClosersDisagree = _disagree,
        UnreadBytes = _unread,
        Oldest = _oldest,
        Entries = _ownEntries is { } own ? new HalfClosedEntries([.. own.Zip(host.Counts, static (a, b) => a + b)]) : host,
    };

    private void AddCloseWait(in HalfClosedSocket socket, double? silentFor)
    {
        Count(ref _closeWaitAges, silentFor);
        Count(ref _pooledAges, socket.MayBePooled ? silentFor : null);
        var isPooledLost = socket is { Tracking: TrackingState.Untracked, NeedsEntry: true, IsPooled: true };
        _pooledLost += isPooledLost ? 1 : 0;
        if (socket.IsAbandoned)
        {
            Count(ref _abandonedAges, silentFor);
            Count(
                ref _abandonedLostAges,
                socket is { Tracking: TrackingState.Untracked, NeedsEntry: true } && !isPooledLost ? silentFor : null);
        }
    }

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
