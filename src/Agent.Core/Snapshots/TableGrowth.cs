using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Snapshots;

/// <summary>
/// The entries of the last dumps by owner, a few of them, for how fast they become more. Knows no clock: the times are its caller's.
/// </summary>
public sealed class TableGrowth
{
    /// <summary>How far back it looks. Growth that is over is forgotten after that.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    private const int MaxPoints = 8;
    private static readonly TimeSpan s_shortest = TimeSpan.FromSeconds(1);

    private readonly Queue<Point> _points = new(MaxPoints);
    private TimeSpan _newest;

    /// <summary>Takes note of a dump, after its rates were asked for.</summary>
    /// <param name="now">Monotonic time of the dump.</param>
    /// <param name="total">All entries.</param>
    /// <param name="byOwner">Entries of each owner that has any.</param>
    public void Add(TimeSpan now, long total, ImmutableDictionary<PodIdentity, OwnerEntries> byOwner)
    {
        if (_points.Count > 0 && now - _newest < Window / MaxPoints)
        {
            return;
        }

        if (_points.Count == MaxPoints)
        {
            _points.Dequeue();
        }

        _points.Enqueue(new(now, total, byOwner));
        _newest = now;
    }

    /// <summary>Entries a second by which an owner's have become more; null without an earlier dump.</summary>
    public double? PerSecond(TimeSpan now, PodIdentity owner, long entries) =>
        Since(now) is { } point ? Rate(now, point, entries - (point.ByOwner.GetValueOrDefault(owner)?.Total ?? 0)) : null;

    /// <summary>Entries a second by which all have become more; null without an earlier dump.</summary>
    public double? PerSecond(TimeSpan now, long total) => Since(now) is { } point ? Rate(now, point, total - point.Total) : null;

    private static double Rate(TimeSpan now, Point since, long more) => more / (now - since.At).TotalSeconds;

    /// <summary>The oldest dump that counts.</summary>
    private Point? Since(TimeSpan now)
    {
        while (_points.TryPeek(out var oldest) && now - oldest.At > Window)
        {
            _points.Dequeue();
        }

        return _points.TryPeek(out var first) && now - first.At >= s_shortest ? first : null;
    }

    private sealed record Point(TimeSpan At, long Total, ImmutableDictionary<PodIdentity, OwnerEntries> ByOwner);
}
