using Agent.Core.Model;
using Agent.Core.Tallies;
using Agent.Kernel.Conntrack;

namespace Agent.Core.Ends;

/// <content>
/// What the node's conntrack table tells of a connection whose client is on another node: who closed first, and whether a reset ended it
/// after
/// the close. An entry that a reset ended stays for 10 s (nf_conntrack_tcp_timeout_close).
/// </content>
public sealed partial class EndsTally
{
    /// <summary>A late request has come by then, if one was on its way.</summary>
    public static readonly TimeSpan EarliestLookup = TimeSpan.FromSeconds(2);

    /// <summary>After that the entry may be gone.</summary>
    public static readonly TimeSpan LatestLookup = TimeSpan.FromSeconds(8);

    /// <summary>How long an entry stays that a reset ended (nf_conntrack_tcp_timeout_close, the kernel's own value).</summary>
    private static readonly TimeSpan s_closeTimeout = TimeSpan.FromSeconds(10);

    private int _wantedLookups;
    private int _lookupRound;

    /// <summary>
    /// The next questions that are due: first a few of each namespace, so that nobody's many keep those of others from being asked.
    /// </summary>
    /// <param name="now">The time.</param>
    /// <param name="lookups">Receives them; answer each with <see cref="OnLookup"/>.</param>
    /// <param name="earliest">How old an end is to be; null for <see cref="EarliestLookup"/>.</param>
    /// <returns>How many.</returns>
    public int TakeLookups(EndClock now, Span<EndLookup> lookups, TimeSpan? earliest = null)
    {
        _lookupRound++;
        var count = 0;
        for (int share = 1, left = int.MaxValue; left > 0 && count < lookups.Length; share *= 8)
        {
            left = 0;
            var wanted = _wantedLookups;
            for (var position = _ring.First; wanted > 0 && position < _ring.Next && count < lookups.Length; position++)
            {
                ref var record = ref _ring[position];
                if (record.Lookup != LookupState.Wanted)
                {
                    continue;
                }

                wanted--;
                if (!MayBeLookedUp(record, now) || now.Monotonic - record.At.Monotonic < (earliest ?? EarliestLookup))
                {
                    continue;
                }

                if (record.Network.TryTakeLookup(_lookupRound, share))
                {
                    SetLookup(ref record, LookupState.Asked);
                    lookups[count++] = new(position, record.Tuple);
                }
                else
                {
                    left++;
                }
            }
        }

        return count;
    }

    /// <summary>Takes an answer.</summary>
    /// <param name="id">Of the question.</param>
    /// <param name="entry">What the table has; not <see cref="EntryMatch.Asked"/> when it could not be asked.</param>
    /// <param name="now">When it was asked.</param>
    public void OnLookup(long id, in EntryMatch entry, EndClock now)
    {
        if (!_ring.Has(id) || _ring[id].Lookup != LookupState.Asked)
        {
            return;
        }

        ref var record = ref _ring[id];
        record.Lookup = LookupState.Done;
        if (!entry.Found)
        {
            return;
        }

        if (entry.Translated && record.Partner < 0)
        {
            OnTranslation(id, entry, now);
        }

        if (record is { IsDecided: false, Judgement.NeedsCloser: true } && entry.ClosedBy != ClosedBy.Unknown)
        {
            SetCloser(id, entry.ClosedBy, isCertain: true, now);
        }

        if (record.Partner >= 0
            || record is not { IsDecided: true, Closer: ClosedBy.Pod, Facts.Role: EndRole.Server, Judgement.Loss: LossCause.None })
        {
            return;
        }

        if (entry.State == TcpConntrackState.Close)
        {
            record.Lookup = LookupState.EndedByReset;
            record.LookedUpAt = now.Monotonic;
            (record.ResetSince, record.ResetUntil) = ResetBetween(record, entry);
        }
        else if (entry.State is TcpConntrackState.TimeWait or TcpConntrackState.LastAck)
        {
            SeeQuietClose(record.Port, now);
        }
    }

    private void SetLookup(ref EndRecord record, LookupState state)
    {
        var change = (state == LookupState.Wanted ? 1 : 0) - (record.Lookup == LookupState.Wanted ? 1 : 0);
        record.Network.WantedLookups += change;
        _wantedLookups += change;
        record.Lookup = state;
    }

    private static bool MayBeLookedUp(in EndRecord record, EndClock now) =>
        record.Lookup is LookupState.Wanted or LookupState.Asked && now.Monotonic - record.At.Monotonic <= LatestLookup;

    /// <summary>
    /// Who closed first, and of a loss that is counted whether its other end is here, too, behind a translation.
    /// </summary>
    private static bool CanBeLookedUp(in EndRecord record) =>
        CanTellTheCloser(record) || record.Judgement.Loss is not (LossCause.None or LossCause.Unknown);

    /// <summary>
    /// A server's close may have met a request; of somebody who waited it matters who closed first. How long it had been idle is told by
    /// the last request: a server with TLS or HTTP/2 says a last word before it closes.
    /// </summary>
    private static bool CanTellTheCloser(in EndRecord record) => record.Facts.FinAcknowledged && record.Judgement.NeedsCloser
        && (record.Facts.IsWaiting
            || record.Facts is { Role: EndRole.Server, WasUsed: true, RequestMilliseconds: >= EndJudge.IdleFromMilliseconds });

    /// <summary>
    /// When the reset came that ended a connection: its entry has whole seconds left of those that it got then. Where they do not fit, the
    /// node gives it another time than the kernel does by itself: then at any time between the end and the look-up.
    /// </summary>
    private static (TimeSpan Since, TimeSpan Until) ResetBetween(in EndRecord record, in EntryMatch entry)
    {
        var (since, until) = (record.At.Monotonic - ResetLedger.LatestMessage, record.LookedUpAt);
        if (entry.ExpiresInSeconds is not { } left)
        {
            return (since, until);
        }

        var latest = until - (s_closeTimeout - TimeSpan.FromSeconds(left + 1.0));
        var earliest = latest - TimeSpan.FromSeconds(1);
        return latest <= since || earliest >= until
            ? (since, until)
            : (earliest > since ? earliest : since, latest < until ? latest : until);
    }

    /// <summary>A reset ended the connection. It met a request if this side sent it: the client may have sent it as well.</summary>
    private void SettleReset(long position, EndClock now)
    {
        ref var record = ref _ring[position];
        var unexplained = record.Network.Resets.Unexplained(record.ResetSince, record.LookedUpAt);
        if (unexplained is null && now.Monotonic - record.At.Monotonic <= s_closerPatience)
        {
            return;
        }

        record.Lookup = LookupState.Done;
        if (unexplained is not (_, AtMost: 0))
        {
            // What a server says unasked as it closes is an alert, and the reset may have met its client's.
            var isSure = unexplained is (Surely: > 0, _) && !EndJudge.ServerSaidLastWords(record.Facts);
            var loss = isSure ? LossCause.AfterClose : LossCause.Unknown;
            record.Network.Resets.Explain(record.ResetSince, record.ResetUntil);
            record.Judgement = record.Judgement with { Loss = loss, NeedsQuietPort = true };
            CountLoss(ref record, now, isCorrection: true);
        }
    }
}
