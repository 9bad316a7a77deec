using Agent.Core.Model;

namespace Agent.Core.Ends;

/// <content>
/// What gives way when more ends come than are remembered. Whoever ends thousands of connections at once, as a process that is killed does,
/// is to cost no other pod the knowledge of how its own ended.
/// </content>
public sealed partial class EndsTally
{
    /// <summary>How many ends a namespace may have to settle without any of them giving way to those of others.</summary>
    public const int KeptOfNamespace = 1024;

    // Each end pays for keeping one older one, now or later: keeping them costs no more than a constant an end.
    private const int MaxCredit = KeptOfNamespace;

    private int _credit;

    private void MakeRoom(EndClock now)
    {
        _credit = Math.Min(_credit + 1, MaxCredit);
        if (!_ring.IsFull)
        {
            return;
        }

        for (; _credit > 0 && MustStay(_ring[_ring.First], now); _credit--)
        {
            KeepFirst();
        }

        ref var first = ref _ring[_ring.First];
        GiveUp(ref first, now);
        SetLookup(ref first, LookupState.NotNeeded);
        _ring.RemoveFirst();
    }

    private static bool MustStay(in EndRecord record, EndClock now) =>
        (record is { IsDecided: false } or { Lookup: LookupState.EndedByReset } && record.Network.Undecided <= KeptOfNamespace)
        || (MayBeLookedUp(record, now) && record.Network.WantedLookups <= KeptOfNamespace);

    private void KeepFirst()
    {
        var before = _ring.First;
        var position = _ring.MoveFirst();
        if (_ring[position].Partner is >= 0 and var partner && _ring.Has(partner))
        {
            _ring[partner].Partner = position;
        }

        if (_ring[position].Lookup is LookupState.Done or LookupState.EndedByReset)
        {
            RenumberTranslation(before, position);
        }
        else if (_ring[position].Lookup == LookupState.Asked)
        {
            // The answer will be for the position that it had.
            SetLookup(ref _ring[position], LookupState.Wanted);
        }
    }

    /// <summary>Nobody can tell any more who closed first.</summary>
    private void GiveUp(ref EndRecord record, EndClock now)
    {
        if (record.Lookup == LookupState.EndedByReset)
        {
            record.Lookup = LookupState.Done;
            record.Judgement = record.Judgement with { Loss = LossCause.Unknown };
            CountLoss(ref record, now, isCorrection: true);
            return;
        }

        if (record.IsDecided)
        {
            return;
        }

        if (record.Judgement.NeedsCloser)
        {
            record.Judgement = new(EndKind.Other, record.Facts.IsWaiting ? LossCause.Unknown : LossCause.None, false, false);
        }

        Decide(ref record, now);
    }
}
