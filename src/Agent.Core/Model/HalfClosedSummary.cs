namespace Agent.Core.Model;

/// <summary>The half-closed connections of one owner. Sockets are the truth; conntrack counts what the tracker thinks.</summary>
public sealed record HalfClosedSummary
{
    public static HalfClosedSummary None { get; } = new();

    public long CloseWaitSockets { get; init; }

    public long FinWait1Sockets { get; init; }

    /// <summary>Sockets in FIN_WAIT2, orphaned ones included.</summary>
    public long FinWait2Sockets { get; init; }

    /// <summary>Conntrack entries by table, state and closer.</summary>
    public HalfClosedEntries Entries { get; init; } = HalfClosedEntries.None;

    /// <summary>
    /// False when its own namespaces may track these sockets and their tables were not asked for each of them, so that the entries there
    /// are unknown, or known in part.
    /// </summary>
    public bool OwnTableAsked { get; init; } = true;

    /// <summary>Sockets that the peer closed first.</summary>
    public long ClosedByPeer { get; init; }

    /// <summary>Sockets that the owner closed first.</summary>
    public long ClosedByPod { get; init; }

    /// <summary>Age of the oldest; null when none is known.</summary>
    public TimeSpan? Oldest { get; init; }

    /// <summary>
    /// How long the CLOSE_WAIT sockets have been so without sending anything, of those whose age is known: a server that still answers is
    /// young however old it is.
    /// </summary>
    public DurationCounts CloseWaitAges { get; init; } = DurationCounts.None;

    /// <summary>How much time the entries of the sockets have left, of those that have one that runs out.</summary>
    public DurationCounts EntryTimes { get; init; } = DurationCounts.None;

    /// <summary>How long the FIN_WAIT2 sockets have been so without getting anything, likewise.</summary>
    public DurationCounts FinWait2Ages { get; init; } = DurationCounts.None;

    /// <summary>
    /// Of <see cref="CloseWaitAges"/>, those that may be in a client's pool: the owner opened them, and nothing but last words lies unread.
    /// </summary>
    public DurationCounts PooledCloseWaitAges { get; init; } = DurationCounts.None;

    /// <summary>
    /// Of <see cref="CloseWaitAges"/>, those on which nobody waits: the peer's socket is gone, or what came first lies unread.
    /// </summary>
    public DurationCounts AbandonedCloseWaitAges { get; init; } = DurationCounts.None;

    /// <summary>
    /// Of <see cref="EntryTimes"/>, those of sockets that need their entry: it translates, or its table is not loose, and the socket is not
    /// in a client's pool for all that is known (<see cref="PooledLost"/>).
    /// </summary>
    public DurationCounts NeededEntryTimes { get; init; } = DurationCounts.None;

    /// <summary>CLOSE_WAIT sockets that are as old as Diagnosis:LeakAge or older; counted when the snapshot is judged.</summary>
    public long LeakedCloseWaitSockets { get; init; }

    /// <summary>Sockets whose entry runs out within Diagnosis:ExpiringWithin; counted when the snapshot is judged.</summary>
    public long Expiring { get; init; }

    /// <summary>Sockets whose entry is gone: they were tracked, or others of the same two ends are.</summary>
    public long Untracked { get; init; }

    /// <summary>Of them, those that needed it: what they send next is lost.</summary>
    public long UntrackedLost { get; init; }

    /// <summary>Of them, those of which nobody knows whether they needed it.</summary>
    public long UntrackedUnsure { get; init; }

    /// <summary>
    /// Of <see cref="UntrackedLost"/>, those that a client's pool keeps for all that is known: its peer has closed, nothing lies unread,
    /// and its own port is one that the kernel gives to whoever opens a connection. The pool finds them closed before it uses them.
    /// </summary>
    public long PooledLost { get; init; }

    /// <summary>
    /// Of <see cref="UntrackedLost"/>, without <see cref="PooledLost"/>, those on which nobody waits, as
    /// <see cref="AbandonedCloseWaitAges"/>.
    /// </summary>
    public DurationCounts AbandonedLostAges { get; init; } = DurationCounts.None;

    /// <summary>Sockets on which socket state and conntrack disagree about who closed first.</summary>
    public long ClosersDisagree { get; init; }

    /// <summary>Bytes that the applications have not read, over all half-closed sockets.</summary>
    public long UnreadBytes { get; init; }

    public long Sockets => CloseWaitSockets + FinWait1Sockets + FinWait2Sockets;
}

/// <summary>Half-closed conntrack entries of one owner, by table, state and who closed first.</summary>
/// <param name="Counts">
/// Indexed by table, then state (0 fin_wait, 1 close_wait), then <see cref="ClosedBy"/>: 12 numbers. See <see cref="Get"/>.
/// </param>
public sealed record HalfClosedEntries(System.Collections.Immutable.ImmutableArray<long> Counts)
{
    /// <summary>How many numbers there are.</summary>
    public const int Length = 2 * 2 * 3;

    public static HalfClosedEntries None { get; } = new([.. new long[Length]]);

    /// <summary>Where the number for these three is.</summary>
    public static int IndexOf(ConntrackTableKind table, bool closeWait, ClosedBy closedBy) =>
        (((int)table * 2) + (closeWait ? 1 : 0)) * 3 + (int)closedBy;

    /// <summary>Entries of one kind.</summary>
    public long Get(ConntrackTableKind table, bool closeWait, ClosedBy closedBy) => Counts[IndexOf(table, closeWait, closedBy)];

    /// <summary>Entries of one table and state, whoever closed first.</summary>
    public long Sum(ConntrackTableKind table, bool closeWait) =>
        Get(table, closeWait, ClosedBy.Unknown) + Get(table, closeWait, ClosedBy.Pod) + Get(table, closeWait, ClosedBy.Peer);

    /// <summary>All entries of one table.</summary>
    public long Sum(ConntrackTableKind table) => Sum(table, false) + Sum(table, true);
}
