using Agent.Core.Model;
using Agent.Kernel.Net;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Ends;

/// <summary>
/// Judges the ends of connections as the kernel tells of them and counts them by pod. What one message leaves open is settled by what comes
/// later: the message of the other end, a socket in TIME_WAIT, the conntrack entry. Allocates nothing an end. Not thread-safe.
/// </summary>
/// <remarks>
/// One request is counted once. Where both ends are on this node it is counted at the server's pod, whichever message told of it; a
/// client's loss is counted at the client's pod (role client) only where its server is not known to be on this node.
/// </remarks>
/// <param name="observer">Sees each end once it is judged; null for nobody.</param>
public sealed partial class EndsTally(IEndObserver? observer = null)
{
    /// <summary>
    /// How many ends are remembered to be settled later. Beyond that the oldest is counted as what it is known to be, of those whose
    /// namespace has more than <see cref="KeptOfNamespace"/> to settle.
    /// </summary>
    public const int MaxRemembered = EndRing.MaxLength;

    /// <summary>
    /// How long an end is remembered. The other one comes later than this only where a side holds a closed connection for longer than load
    /// balancers keep idle ones (600 s).
    /// </summary>
    public static readonly TimeSpan RememberedFor = TimeSpan.FromMinutes(11);

    /// <summary>How long a client's loss waits for the message of the server's side.</summary>
    public static readonly TimeSpan ServerPatience = TimeSpan.FromSeconds(1);

    /// <summary>After so long nobody will tell any more who closed first: a TIME_WAIT is over (TCP_TIMEWAIT_LEN, 60 s).</summary>
    private static readonly TimeSpan s_closerPatience = TimeSpan.FromSeconds(55);

    private readonly EndRing _ring = new();
    private readonly Dictionary<PodIdentity, PodEnds> _pods = [];
    private int _undecided;

    /// <summary>Ends that were added.</summary>
    public long Seen { get; private set; }

    /// <summary>Ends that are not counted yet, because it is not known who closed first, or whether a request was lost.</summary>
    public int Undecided => _undecided + _ofUnknownRole.Count;

    /// <summary>The counters of an owner, made when they are asked for the first time.</summary>
    public PodEnds PodOf(PodIdentity identity)
    {
        if (!_pods.TryGetValue(identity, out var pod))
        {
            _pods[identity] = pod = new PodEnds(identity);
        }

        return pod;
    }

    /// <summary>Forgets an owner that is gone. Ends of its that are still to come are counted nowhere.</summary>
    public void Forget(PodIdentity identity) => _pods.Remove(identity);

    /// <summary>Adds one end.</summary>
    /// <param name="end">The kernel's message.</param>
    /// <param name="network">Where it comes from.</param>
    /// <param name="now">When it was read.</param>
    public void Add(in ConnectionEnd end, EndsNamespace network, EndClock now)
    {
        Seen++;
        var role = network.RoleOf(end, out var roleIsGuess);
        if (roleIsGuess)
        {
            AwaitListeners(end, network, now);
        }
        else
        {
            Add(end, network, role, roleIsGuess: false, now, now);
        }
    }

    private void Add(in ConnectionEnd end, EndsNamespace network, EndRole role, bool roleIsGuess, EndClock at, EndClock now)
    {
        MakeRoom(now);

        var pod = network.OwnerOf(end.Tuple, role);
        var facts = new EndFacts(end, role);
        var position = _ring.Add(new EndRecord
        {
            Tuple = end.Tuple,
            Facts = facts,
            RoleIsGuess = roleIsGuess,
            At = at,
            AddedAt = now.Monotonic,
            Network = network,
            Pod = pod,
            Port = pod.Port(role, role == EndRole.Server ? end.Tuple.SourcePort : end.Tuple.DestinationPort),
            Partner = -1,
        });
        ref var record = ref _ring[position];
        Judge(ref record);
        NoteServer(record);
        SetLookup(ref record, CanBeLookedUp(record) ? LookupState.Wanted : LookupState.NotNeeded);
        network.Undecided++;
        _undecided++;
        if (facts.UnreadBytes > 1 && (facts.FinAcknowledged || facts.UnacknowledgedBytes > 1))
        {
            network.Resets.ExplainPerhaps(at.Monotonic);
        }
        else if (facts.UnreadBytes > 1)
        {
            network.Resets.Explain(at.Monotonic - ResetLedger.LatestMessage, at.Monotonic);
        }

        var partner = FindOtherEnd(position);
        if (partner >= 0)
        {
            Join(position, partner, now);
        }
        else if (!record.Judgement.NeedsCloser)
        {
            DecideOrAwait(ref record, now);
        }
    }

    /// <summary>A socket in TIME_WAIT, or in FIN_WAIT2 without an owner: this side closed first.</summary>
    /// <param name="network">Where it is.</param>
    /// <param name="tuple">Local end first.</param>
    /// <param name="now">When it was seen.</param>
    public void OnTimeWait(EndsNamespace network, in ConnectionTuple tuple, EndClock now)
    {
        if (network.Undecided == 0)
        {
            return;
        }

        var position = Find(network, tuple);
        if (position >= 0 && _ring[position] is { IsDecided: false, Judgement.NeedsCloser: true })
        {
            SetCloser(position, ClosedBy.Pod, isCertain: true, now);
        }
    }

    /// <summary>Ends of which a socket in TIME_WAIT would tell who closed first, for whoever cannot wait for the next dump.</summary>
    /// <param name="questions">Receives them; answer each with <see cref="OnSocket"/>.</param>
    /// <returns>How many.</returns>
    public int Ask(Span<EndQuestion> questions)
    {
        var count = 0;
        for (var position = _ring.First; position < _ring.Next && count < questions.Length && count < _undecided; position++)
        {
            ref readonly var record = ref _ring[position];
            if (record is { IsDecided: false, Judgement.NeedsCloser: true, IsNotInTimeWait: false })
            {
                questions[count++] = new(position, record.Network.Id, record.Tuple);
            }
        }

        return count;
    }

    /// <summary>Takes an answer.</summary>
    /// <param name="id">Of the question.</param>
    /// <param name="isInTimeWait">True when its socket is in TIME_WAIT, or in FIN_WAIT2 without an owner.</param>
    /// <param name="now">When it was looked for.</param>
    public void OnSocket(long id, bool isInTimeWait, EndClock now)
    {
        if (!_ring.Has(id) || _ring[id] is { IsDecided: true } or { Judgement.NeedsCloser: false })
        {
            return;
        }

        if (isInTimeWait)
        {
            SetCloser(id, ClosedBy.Pod, isCertain: true, now);
        }
        else
        {
            _ring[id].IsNotInTimeWait = now.Monotonic - _ring[id].At.Monotonic <= s_closerPatience;
        }
    }

    /// <summary>Settles what can be settled by now: after each dump of sockets, and after each round of look-ups.</summary>
    /// <param name="now">The time.</param>
    /// <param name="canLookUp">Whether the conntrack table is asked at all.</param>
    public void Settle(EndClock now, bool canLookUp)
    {
        GuessRoles(now, isLast: false);
        _ring.RemoveBefore(now.Monotonic - RememberedFor);
        for (var position = _ring.First; position < _ring.Next; position++)
        {
            ref var record = ref _ring[position];
            if (record.Lookup == LookupState.EndedByReset)
            {
                SettleReset(position, now);
            }
            else if (record.Lookup is LookupState.Wanted or LookupState.Asked && !MayBeLookedUp(record, now))
            {
                SetLookup(ref record, LookupState.NotNeeded);
            }

            SettleAlert(ref record, now);
            if (!record.IsDecided)
            {
                SettleOne(position, now, canLookUp);
            }
        }
    }

    private long Find(EndsNamespace network, in ConnectionTuple tuple)
    {
        var asClient = new EndRecord { Tuple = tuple, Network = network, Facts = EndFacts.Of(EndRole.Client) };
        var position = _ring.FindSocket(network, tuple, asClient.Key);
        return position >= 0 ? position : _ring.FindSocket(network, tuple, (asClient with { Facts = EndFacts.Of(EndRole.Server) }).Key);
    }

    /// <summary>Settles everything: nobody will tell anything more.</summary>
    /// <param name="now">The time.</param>
    public void Finish(EndClock now)
    {
        GuessRoles(now, isLast: true);
        Settle(now, canLookUp: false);
        for (var position = _ring.First; position < _ring.Next; position++)
        {
            GiveUp(ref _ring[position], now);
            SetLookup(ref _ring[position], LookupState.NotNeeded);
        }
    }

    private void SettleOne(long position, EndClock now, bool canLookUp)
    {
        ref var record = ref _ring[position];
        var age = now.Monotonic - record.At.Monotonic;
        var mayBeLookedUp = canLookUp && MayBeLookedUp(record, now);
        if (record.Loss == LossState.AwaitsServer)
        {
            if (!mayBeLookedUp && age >= (ServerPortOf(record) is null ? UnknownServerPatience : ServerPatience))
            {
                Decide(ref record, now);
            }

            return;
        }

        if (mayBeLookedUp || !record.Judgement.NeedsCloser)
        {
            return;
        }

        var isLast = age > s_closerPatience || record.Network.IsGone;
        if (IsNotInTimeWait(record))
        {
            var hasOther = record.Partner >= 0 && _ring.Has(record.Partner);
            if (hasOther && IsNotInTimeWait(_ring[record.Partner]))
            {
                // Something has removed it, a reset for example, and nothing tells whose it was.
                GiveUp(ref record, now);
            }
            else if (!hasOther || isLast || _ring[record.Partner].Network.IsGone)
            {
                // So it is at the other side, unless something has removed it.
                SetCloser(position, ClosedBy.Peer, isCertain: false, now);
            }
        }
        else if (isLast)
        {
            GiveUp(ref record, now);
        }
    }

    private static bool IsNotInTimeWait(in EndRecord record) => record.IsNotInTimeWait || WasDumpedInTime(record);

    /// <summary>Whether a dump after the end would have shown its socket in TIME_WAIT, however long ago that dump was.</summary>
    private static bool WasDumpedInTime(in EndRecord record) =>
        record.Network.DumpedAt is { } dumpedAt && dumpedAt > record.AddedAt && dumpedAt - record.At.Monotonic <= s_closerPatience;

    private void SetCloser(long position, ClosedBy closer, bool isCertain, EndClock now)
    {
        var partner = SetOne(position, closer);
        if (partner >= 0 && _ring.Has(partner))
        {
            SetOne(partner, closer == ClosedBy.Pod ? ClosedBy.Peer : ClosedBy.Pod);
            OnCloserOfBoth(position, partner, now);
        }

        long SetOne(long at, ClosedBy by)
        {
            ref var record = ref _ring[at];
            if (!record.IsDecided)
            {
                record.Closer = by;
                record.CloserIsCertain = isCertain;
                Judge(ref record);
                DecideOrAwait(ref record, now);
            }

            return record.Partner;
        }
    }
}
