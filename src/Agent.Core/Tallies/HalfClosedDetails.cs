using Agent.Kernel.Net;

namespace Agent.Core.Tallies;

/// <summary>
/// What is remembered of some half-closed sockets that are kept in full, besides their <see cref="HalfClosedRecord"/>: as many as are kept.
/// </summary>
internal sealed class HalfClosedDetails
{
    private readonly Dictionary<(ulong Hash, ushort Namespace), Detail> _details = [];

    /// <summary>Remembers a socket, where there is something to remember.</summary>
    public void Note(in HalfClosedRecord record, in HalfClosedSocket socket)
    {
        var outside = socket.Own.Found ? socket.Outside : socket.Past.Outside;
        var zone = socket.Host.Found ? socket.Host.Zone : socket.Past.Host.Zone;
        if (outside is not null || zone != 0 || socket.HostKin.WasThere || socket.OwnKin.WasThere)
        {
            _details[(record.Hash, record.Namespace)] = new(outside, zone, socket.HostKin, socket.OwnKin);
        }
    }

    /// <summary>What is known of a socket from earlier scans.</summary>
    public HalfClosedPast PastOf(in HalfClosedRecord record, TimeSpan watched)
    {
        // At first sight whatever is remembered of the same two ends was another socket's.
        var detail = watched > TimeSpan.Zero ? _details.GetValueOrDefault((record.Hash, record.Namespace)) : default;
        return new(
            watched,
            new(
                record.Has(HalfClosedMarks.WasInHostTable),
                record.Has(HalfClosedMarks.HostTranslated),
                detail.HostZone,
                record.Has(HalfClosedMarks.HostWasFresh)),
            new(
                record.Has(HalfClosedMarks.WasInOwnTable),
                record.Has(HalfClosedMarks.OwnTranslated),
                0,
                record.Has(HalfClosedMarks.OwnWasFresh)),
            detail.HostKin,
            detail.OwnKin,
            detail.Outside);
    }

    private readonly record struct Detail(ConnectionTuple? Outside, ushort HostZone, PastEntry HostKin, PastEntry OwnKin);
}
