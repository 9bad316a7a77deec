using Agent.Core.Model;

namespace Agent.Core.Ends;

/// <content>Both ends of a connection are on this node: each message tells what the other leaves open.</content>
public sealed partial class EndsTally
{
    /// <summary>Bytes that came too late and are more than this may be the rest of an upload that was answered before its end.</summary>
    private const ulong SmallRequestBytes = 4096;

    private void Join(long newer, long older, EndClock now)
    {
        var (server, client) = _ring[newer].Facts.Role == EndRole.Server ? (newer, older) : (older, newer);
        ref var s = ref _ring[server];
        ref var c = ref _ring[client];
        s.Partner = client;
        c.Partner = server;
        SetLookup(ref s, LookupState.NotNeeded);
        SetLookup(ref c, LookupState.NotNeeded);

        // Who had not got the other's FIN when its own was acknowledged closed first.
        var serverGotFin = s.Facts.ReceivedBytes > c.Facts.SentBytes;
        var clientGotFin = c.Facts.ReceivedBytes > s.Facts.SentBytes;
        var closer = s.Facts.FinAcknowledged && !serverGotFin ? ClosedBy.Pod
            : c.Facts.FinAcknowledged && !clientGotFin ? ClosedBy.Peer
            : ClosedBy.Unknown;
        var late = LateRequest(s, c);
        TakeBack(ref c);
        ReleaseUnread(ref s, c, now);
        var isCounted = c is { Loss: LossState.Counted, Cause: not LossCause.Unknown };
        if (closer != ClosedBy.Unknown)
        {
            Tell(ref s, closer, serverGotFin);
            Tell(ref c, closer == ClosedBy.Pod ? ClosedBy.Peer : ClosedBy.Pod, clientGotFin);
        }

        if (isCounted)
        {
            // The word of the server's side comes too late: the request is counted at the client's already.
            s.Judgement = s.Judgement with { Loss = LossCause.None };
        }
        else if (late.Loss != LossCause.None && s.Loss == LossState.None && s.Judgement.Loss == LossCause.None)
        {
            s.Judgement = s.Judgement with { Loss = late.Loss, NeedsQuietPort = late.NeedsQuietPort, Alert = late.Alert };
            s.Network.Resets.Explain(s.At.Monotonic - ResetLedger.LatestMessage, c.At.Monotonic);
            if (s.IsDecided)
            {
                CountLoss(ref s, now, isCorrection: true);
            }
        }

        ShareWhoGaveUp(ref s, ref c);
        DecideJoined(ref s, now);
        DecideJoined(ref c, now);
    }

    /// <summary>Last words hide from one side how long somebody had waited; the other may know.</summary>
    private static void ShareWhoGaveUp(ref EndRecord server, ref EndRecord client)
    {
        var clientGaveUp = client.Judgement is { Kind: EndKind.Abandoned, NeedsCloser: false };
        var serverSawIt = server.Judgement is { Kind: EndKind.Abandoned, NeedsCloser: false };
        if (clientGaveUp && !server.IsDecided && server.Judgement is { Kind: EndKind.PeerFirst, NeedsCloser: false })
        {
            server.Judgement = server.Judgement with { Kind = EndKind.Abandoned };
        }

        var isClose = client.Judgement is { Kind: EndKind.ClosedFirst or EndKind.ClosedFirstIdle, NeedsCloser: false };
        if (serverSawIt && isClose && !client.IsDecided)
        {
            client.Judgement = client.Judgement with { Kind = EndKind.Abandoned };
        }
    }

    /// <summary>What the client sent and the server's side never got, because it had closed before.</summary>
    private static EndJudgement LateRequest(in EndRecord server, in EndRecord client)
    {
        var s = server.Facts;
        var c = client.Facts;
        var hadAnswered = s is { FinAcknowledged: true, IsWaiting: false, UnreadBytes: <= 1 };
        var wasReset = c is { FinAcknowledged: false, UnacknowledgedBytes: > 1 };
        if (!hadAnswered || !wasReset || c.SentBytes <= s.ReceivedBytes)
        {
            return default;
        }

        var late = c.SentBytes - s.ReceivedBytes;
        var alert = c.AlertOf(late, ControlSizes.AlertOf(late));
        if (server.Port.Habit.ServerSaysAlerts && s.ServerSpokeUnasked && alert == AlertLength.Aead)
        {
            // The server said its alert and closed, and this is the client's in return.
            return default;
        }

        var isOneRequest = s.IdleMilliseconds >= EndJudge.IdleFromMilliseconds || late <= SmallRequestBytes;
        return isOneRequest
            ? new(default, LossCause.AfterClose, ControlSizes.MayBeControl((uint)Math.Min(late, uint.MaxValue)), Alert: alert)
            : new(default, LossCause.Unknown);
    }

    /// <summary>The server's side is here and tells of the request itself.</summary>
    private static void TakeBack(ref EndRecord client)
    {
        if (client.Loss == LossState.Held)
        {
            client.Port.TakeBack(client.Cause, client.MayBeAlert);
            client.Loss = LossState.None;
        }
    }

    private void OnCloserOfBoth(long one, long other, EndClock now)
    {
        var (server, client) = _ring[one].Facts.Role == EndRole.Server ? (one, other) : (other, one);
        ReleaseUnread(ref _ring[server], _ring[client], now);
    }

    /// <summary>
    /// What lay unread at a port of last words was a request: too much for an alert, and the client had not closed, or not before its
    /// server.
    /// </summary>
    private void ReleaseUnread(ref EndRecord server, in EndRecord client, EndClock now)
    {
        var facts = server.Facts;
        var serverWasFirst = client.Closer == ClosedBy.Peer;
        if (server.Loss != LossState.Held || (client.Facts.FinAcknowledged && !serverWasFirst) || facts.UnreadBytes <= 1
            || ControlSizes.MayBeControlAndFin(facts.UnreadBytes))
        {
            return;
        }

        server.Port.TakeBack(server.Cause, server.MayBeAlert);
        server.Judgement = server.Judgement with { NeedsQuietPort = false };
        CountLoss(ref server, now, isCorrection: true);
    }

    private void Tell(ref EndRecord record, ClosedBy closer, bool gotFin)
    {
        if (record.IsDecided)
        {
            return;
        }

        record.Closer = closer;
        record.CloserIsCertain = true;
        Judge(ref record);

        // A server that closed first and yet read the client's end of file was alive: it may have answered an upload before its end.
        var readFin = gotFin && record.Facts is { Role: EndRole.Server, UnreadBytes: 0, SentBytes: > 0 };
        if (readFin && closer == ClosedBy.Pod && record.Judgement.Loss != LossCause.None)
        {
            record.Judgement = record.Judgement with { Loss = LossCause.Unknown };
        }
    }

    /// <summary>
    /// Whether what hides behind a server's last words (<see cref="EndJudge.HidesARequest"/>) may be a request: not where the client is
    /// here and said nothing after them, or where the server took nothing more.
    /// </summary>
    private bool MayHideARequest(in EndRecord server)
    {
        if (server.Partner < 0 || !_ring.Has(server.Partner))
        {
            return true;
        }

        var client = _ring[server.Partner].Facts;
        return server.Facts.ReceivedBytes > client.SentBytes && client.LastSentMilliseconds <= client.LastReceivedMilliseconds;
    }

    private void DecideJoined(ref EndRecord record, EndClock now)
    {
        if (!record.IsDecided && !record.Judgement.NeedsCloser)
        {
            Decide(ref record, now);
        }
    }
}
