using System.Collections.Immutable;

namespace Agent.Core.Model;

/// <summary>
/// How many things have lasted how long, so that thresholds can be applied later: in steps of a second up to a minute, 5 seconds up to
/// 5 minutes, 30 seconds up to an hour, 5 minutes up to 6 hours, an hour up to two days. A threshold on such a step is exact.
/// </summary>
/// <param name="Counts">Ascending, each step once, none with 0.</param>
public sealed record DurationCounts(ImmutableArray<DurationCount> Counts)
{
    private static readonly (int Until, int Step)[] s_ranges = [(60, 1), (300, 5), (3_600, 30), (21_600, 300), (172_800, 3_600)];

    /// <summary>Nothing.</summary>
    public static DurationCounts None { get; } = new([]);

    /// <summary>How many steps there are; the last one has no end.</summary>
    public static int Steps { get; } = StepOf(int.MaxValue) + 1;

    /// <summary>All things.</summary>
    public long Total => Counts.Sum(static count => count.Number);

    /// <summary>Which step a duration belongs to.</summary>
    /// <param name="seconds">Not negative.</param>
    public static int StepOf(double seconds)
    {
        var (step, start) = (0, 0);
        foreach (var (until, length) in s_ranges)
        {
            if (seconds < until)
            {
                return step + (int)((seconds - start) / length);
            }

            step += (until - start) / length;
            start = until;
        }

        return step;
    }

    /// <summary>Takes over an array with a number for each step.</summary>
    public static DurationCounts From(ReadOnlySpan<int> bySteps)
    {
        var counts = ImmutableArray.CreateBuilder<DurationCount>();
        for (var step = 0; step < bySteps.Length; step++)
        {
            if (bySteps[step] != 0)
            {
                counts.Add(new((ushort)step, bySteps[step]));
            }
        }

        return counts.Count == 0 ? None : new(counts.DrainToImmutable());
    }

    /// <summary>Those that have lasted at least so long.</summary>
    public long From(TimeSpan duration) =>
        Counts.Where(count => Start(count.Step) >= duration.TotalSeconds).Sum(static count => (long)count.Number);

    /// <summary>Those that have lasted less.</summary>
    public long Below(TimeSpan duration) =>
        Counts.Where(count => Start(count.Step + 1) <= duration.TotalSeconds).Sum(static count => (long)count.Number);

    /// <summary>Seconds at which a step begins.</summary>
    private static double Start(int step)
    {
        var start = 0;
        foreach (var (until, length) in s_ranges)
        {
            var steps = (until - start) / length;
            if (step <= steps)
            {
                return start + (step * length);
            }

            step -= steps;
            start = until;
        }

        return step == 0 ? start : double.PositiveInfinity;
    }
}

/// <summary>One step of <see cref="DurationCounts"/>.</summary>
/// <param name="Step">See <see cref="DurationCounts.StepOf"/>.</param>
/// <param name="Number">How many are in it.</param>
public readonly record struct DurationCount(ushort Step, int Number);
