using Agent.Core.Model;

namespace Agent.Core.Reporting.Html;

/// <summary>The few numbers of one scan that are kept to draw the last hour. Null: could not be read.</summary>
/// <param name="TakenAt">When the scan began (UTC).</param>
/// <param name="HalfClosedSockets">Half-closed sockets of all owners and of nobody known.</param>
/// <param name="Expiring">Half-closed sockets whose conntrack entry is about to run out.</param>
/// <param name="Untracked">Half-closed sockets that conntrack has forgotten.</param>
/// <param name="ConntrackEntries">Entries in the host's table.</param>
public sealed record SnapshotPoint(DateTimeOffset TakenAt, long? HalfClosedSockets, long? Expiring, long? Untracked, long? ConntrackEntries)
{
    /// <summary>The numbers of one snapshot.</summary>
    public static SnapshotPoint From(Snapshot snapshot)
    {
        var sockets = snapshot.HasSource(SourceNames.Sockets);
        return new(
            snapshot.TakenAt,
            sockets ? snapshot.Pods.Sum(static pod => pod.HalfClosed.Sockets) + (snapshot.UnattributedHalfClosedSockets ?? 0) : null,
            sockets ? snapshot.Pods.Sum(static pod => pod.HalfClosed.Expiring) : null,
            sockets ? snapshot.Pods.Sum(static pod => pod.HalfClosed.Untracked) : null,
            snapshot.Conntrack?.Entries);
    }
}
