using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Ends;

/// <summary>Puts closes of idle connections together that happened at one instant: a reload closes a hundred, and is one event.</summary>
internal static class IdleCloseEvents
{
    /// <summary>How many events are kept, the last ones.</summary>
    public const int MaxEvents = 32;

    /// <summary>Closes within this time of the first one belong to it: all workers of a server get a signal in milliseconds.</summary>
    private static readonly TimeSpan s_instant = TimeSpan.FromMilliseconds(250);

    /// <summary>The events, oldest first.</summary>
    /// <param name="closes">In any order.</param>
    /// <param name="passedOn">Closes that were passed on, which are left out.</param>
    public static ImmutableArray<IdleCloseEvent> Of(ReadOnlySpan<RecentIdleClose> closes, out int passedOn)
    {
        Span<RecentIdleClose> own = stackalloc RecentIdleClose[IdleHistogram.RecentLength];
        var count = 0;
        foreach (ref readonly var close in closes)
        {
            if (!close.IsPassedOn)
            {
                own[count++] = close;
            }
        }

        passedOn = closes.Length - count;
        own = own[..count];
        own.Sort(static (a, b) => a.UtcTicks != b.UtcTicks
            ? a.UtcTicks.CompareTo(b.UtcTicks)
            : a.IdleMilliseconds.CompareTo(b.IdleMilliseconds));
        var events = ImmutableArray.CreateBuilder<IdleCloseEvent>();
        for (var start = 0; start < own.Length;)
        {
            var end = start + 1;
            while (end < own.Length && own[end].UtcTicks - own[start].UtcTicks <= s_instant.Ticks)
            {
                end++;
            }

            events.Add(Event(own[start..end]));
            start = end;
        }

        return events.Count <= MaxEvents ? events.DrainToImmutable() : [.. events.Skip(events.Count - MaxEvents)];
    }

    private static IdleCloseEvent Event(Span<RecentIdleClose> closes)
    {
        var at = new DateTimeOffset(closes[0].UtcTicks, TimeSpan.Zero);
        closes.Sort(static (a, b) => a.IdleMilliseconds.CompareTo(b.IdleMilliseconds));
        return new(at, closes.Length, Idle(closes[0]), Idle(closes[closes.Length / 2]), Idle(closes[^1]));
    }

    private static TimeSpan Idle(in RecentIdleClose close) => TimeSpan.FromMilliseconds(close.IdleMilliseconds);
}

/// <summary>One of the last closes of an idle connection.</summary>
/// <param name="UtcTicks">When.</param>
/// <param name="IdleMilliseconds">After how long.</param>
/// <param name="IsPassedOn">Whether it followed from the close of a server behind this one.</param>
internal readonly record struct RecentIdleClose(long UtcTicks, uint IdleMilliseconds, bool IsPassedOn);
