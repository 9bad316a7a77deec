using System.Runtime.CompilerServices;
using Agent.Core.Model;
using Agent.Kernel.Conntrack;

namespace Agent.Core.Tallies;

/// <summary>Counts entries by conntrack zone. Zone 0 is what has none.</summary>
internal sealed class ZoneTally
{
    /// <summary>Zones that are told apart. OVN has some for each pod and router; a list beyond this helps nobody.</summary>
    public const int MaxZones = 64;

    private readonly ZoneCount[] _zones = new ZoneCount[MaxZones];
    private int _count;

    /// <summary>Zones seen, in no order.</summary>
    public ReadOnlySpan<ZoneCount> Zones => _zones.AsSpan(0, _count);

    /// <summary>Entries of zones beyond the bound.</summary>
    public long Beyond { get; private set; }

    public void Clear()
    {
        _count = 0;
        Beyond = 0;
    }

    /// <summary>Counts an entry in its zone, or in both where its directions have different ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(in ConntrackFlow flow)
    {
        if ((flow.Present & (ConntrackFields.OriginalZone | ConntrackFields.ReplyZone)) == 0)
        {
            Add(flow.Zone);
            return;
        }

        Add(flow.OriginalZone);
        if (flow.ReplyZone != flow.OriginalZone)
        {
            Add(flow.ReplyZone);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Add(ushort zone)
    {
        for (var i = 0; i < _count; i++)
        {
            ref var known = ref _zones[i];
            if (known.Zone == zone)
            {
                known = known with { Entries = known.Entries + 1 };
                return;
            }
        }

        if (_count == MaxZones)
        {
            Beyond++;
        }
        else
        {
            _zones[_count++] = new(zone, 1);
        }
    }
}
