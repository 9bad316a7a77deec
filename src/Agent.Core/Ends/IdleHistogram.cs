using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Ends;

/// <summary>How long connections had been idle when their server closed them: counts by bucket, and the last ones exactly.</summary>
public sealed class IdleHistogram
{
    /// <summary>How many of the last closes are kept with their idle time to the millisecond.</summary>
    public const int RecentLength = 256;

    private readonly long[] _counts = new long[Bounds.Length + 1];
    private readonly RecentIdleClose[] _recent = new RecentIdleClose[RecentLength];
    private long _total;
    private long _recentTotal;
    private ulong _sumMilliseconds;

    /// <summary>Upper bounds of the buckets in seconds, inclusive.</summary>
    public static ImmutableArray<double> Bounds { get; } = [0.5, 1, 2, 3, 5, 10, 15, 30, 60, 75, 120, 300, 600];

    /// <summary>Closes counted.</summary>
    public long Count => _total;

    /// <summary>Counts one close.</summary>
    /// <param name="idleMilliseconds">Since the last byte in either direction.</param>
    /// <param name="at">When it was closed (UTC).</param>
    /// <returns>Its number, for <see cref="PassOn"/>.</returns>
    public long Add(uint idleMilliseconds, DateTimeOffset at = default)
    {
        var bucket = 0;
        while (bucket < Bounds.Length && idleMilliseconds > Bounds[bucket] * 1000)
        {
            bucket++;
        }

        _counts[bucket]++;
        _sumMilliseconds += idleMilliseconds;
        _total++;
        return AddWitness(idleMilliseconds, at);
    }

    /// <summary>
    /// Notes a close by the server that is no close of an idle connection, because a request had just come: it tells the server's age all
    /// the same.
    /// </summary>
    /// <param name="idleMilliseconds">Since the last byte that the server sent.</param>
    /// <param name="at">When it was closed (UTC).</param>
    /// <returns>Its number, for <see cref="PassOn"/>.</returns>
    public long AddWitness(uint idleMilliseconds, DateTimeOffset at)
    {
        _recent[(int)(_recentTotal % RecentLength)] = new(at.UtcTicks, idleMilliseconds, false);
        return _recentTotal++;
    }

    /// <summary>Notes that a close only passed on the close of a server behind this one.</summary>
    /// <param name="number">What <see cref="Add"/> returned; one that is no longer kept changes nothing.</param>
    public void PassOn(long number)
    {
        if (number >= 0 && number < _recentTotal && number >= _recentTotal - RecentLength)
        {
            ref var close = ref _recent[(int)(number % RecentLength)];
            close = close with { IsPassedOn = true };
        }
    }

    /// <summary>Takes over what another one counted; its last ones count as the last.</summary>
    public void Absorb(IdleHistogram other)
    {
        for (var bucket = 0; bucket < _counts.Length; bucket++)
        {
            _counts[bucket] += other._counts[bucket];
        }

        var recent = (int)Math.Min(other._recentTotal, RecentLength);
        for (var i = 0; i < recent; i++)
        {
            _recent[(int)((_recentTotal + i) % RecentLength)] = other._recent[i];
        }

        _recentTotal += recent;
        _total += other._total;
        _sumMilliseconds += other._sumMilliseconds;
    }

    /// <summary>What was counted.</summary>
    /// <param name="port">At which port.</param>
    public IdleCloses ToSummary(ushort port)
    {
        var recent = _recent.AsSpan(0, (int)Math.Min(_recentTotal, RecentLength));
        Span<uint> sorted = stackalloc uint[RecentLength];
        sorted = sorted[..recent.Length];
        for (var i = 0; i < recent.Length; i++)
        {
            sorted[i] = recent[i].IdleMilliseconds;
        }

        sorted.Sort();
        return new IdleCloses(port, [.. _counts], TimeSpan.FromMilliseconds(_sumMilliseconds), At(sorted, 0.5), At(sorted, 0.9))
        {
            Events = IdleCloseEvents.Of(recent, out var passedOn),
            PassedOn = passedOn,
        };
    }

    /// <summary>The nearest rank: the smallest value that a share of all does not exceed.</summary>
    private static TimeSpan At(ReadOnlySpan<uint> sorted, double share) =>
        sorted.IsEmpty ? TimeSpan.Zero : TimeSpan.FromMilliseconds(sorted[Math.Max(0, (int)Math.Ceiling(sorted.Length * share) - 1)]);
}
