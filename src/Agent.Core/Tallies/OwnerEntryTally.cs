using System.Runtime.CompilerServices;
using Agent.Core.Model;

namespace Agent.Core.Tallies;

/// <summary>Counts entries by owner, protocol and side. Made once, used for every dump.</summary>
internal sealed class OwnerEntryTally
{
    private readonly byte[] _slots = MakeSlots();

    private int[] _counts = [];
    private int _owners;

    /// <summary>Forgets everything and makes room for so many owners, and for nobody.</summary>
    public void Begin(int owners)
    {
        _owners = owners;
        var length = (owners + 1) * OwnerEntries.Length;
        if (_counts.Length < length)
        {
            _counts = new int[length];
        }
        else
        {
            Array.Clear(_counts);
        }
    }

    /// <summary>What was counted of an owner, indexed as <see cref="OwnerEntries.Counts"/>; negative: of nobody on this node.</summary>
    public ReadOnlySpan<int> Of(int owner) =>
        _counts.AsSpan((owner < 0 ? _owners : owner) * OwnerEntries.Length, OwnerEntries.Length);

    /// <summary>Counts an entry at both its ends.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(byte protocol, int initiator, int responder, EntryTraits traits)
    {
        var slot = _slots[protocol];
        if (initiator >= 0 || responder < 0)
        {
            var counts = CountsOf(initiator);
            counts[slot]++;
            AddTraits(counts, traits);
        }

        if (responder >= 0)
        {
            var counts = CountsOf(responder);
            counts[OwnerEntries.ReceivedOffset + slot]++;
            if (responder == initiator)
            {
                counts[OwnerEntries.ToItselfOffset + slot]++;
            }
            else
            {
                AddTraits(counts, traits);
            }
        }
    }

    private Span<int> CountsOf(int owner) =>
        _counts.AsSpan((owner < 0 ? _owners : owner) * OwnerEntries.Length, OwnerEntries.Length);

    private static void AddTraits(Span<int> counts, EntryTraits traits)
    {
        counts[OwnerEntries.EstablishedIndex] += (int)(traits & EntryTraits.Established);
        counts[OwnerEntries.TimeWaitIndex] += (int)(traits & EntryTraits.TimeWait) >> 1;
        counts[OwnerEntries.UnrepliedIndex] += (int)(traits & EntryTraits.Unreplied) >> 2;
        counts[OwnerEntries.DnsIndex] += (int)(traits & EntryTraits.Dns) >> 4;
    }

    private static byte[] MakeSlots()
    {
        var slots = new byte[byte.MaxValue + 1];
        for (var protocol = 0; protocol < slots.Length; protocol++)
        {
            slots[protocol] = (byte)EntryProtocols.SlotOf((byte)protocol);
        }

        return slots;
    }
}
