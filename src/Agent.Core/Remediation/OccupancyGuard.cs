using System.Globalization;

namespace Agent.Core.Remediation;

/// <summary>
/// Whether the table has room for a longer timeout. How many entries enter a state per second is not seen in a snapshot;
/// by Little's law it is their number over the time that each stays, which is at most the current timeout for those that
/// only the timeout ends. So (lingering / current timeout) x new timeout is how many there would be.
/// </summary>
/// <param name="Entries">Entries in the table now.</param>
/// <param name="Limit">How many it may hold; 0 for no limit.</param>
/// <param name="Lingering">Entries in the state that the timeout is for.</param>
/// <param name="MaxFill">0 to 1.</param>
public readonly record struct OccupancyGuard(long Entries, long Limit, long Lingering, double MaxFill)
{
    /// <summary>How full the table would be; 0 without a limit.</summary>
    public double Fill(long currentSeconds, long newSeconds) =>
        Limit <= 0 ? 0 : ((Rate(currentSeconds) * newSeconds) + Entries) / Limit;

    /// <summary>True when it stays below the limit.</summary>
    public bool Allows(long currentSeconds, long newSeconds) => Limit <= 0 || Fill(currentSeconds, newSeconds) < MaxFill;

    /// <summary>The longest timeout that it allows; 0 for none.</summary>
    public long Longest(long currentSeconds) =>
        Rate(currentSeconds) is var rate && rate <= 0 ? 0 : Math.Max(0, (long)Math.Ceiling(((MaxFill * Limit) - Entries) / rate) - 1);

    /// <summary>The numbers, for people.</summary>
    public string Describe(long currentSeconds, long newSeconds)
    {
        if (Limit <= 0)
        {
            return "the table has no limit";
        }

        var rate = Rate(currentSeconds).ToString("0.###", CultureInfo.InvariantCulture);
        return $"({rate}/s x {newSeconds} s + {HumanText.Count(Entries)} in the table) / {HumanText.Count(Limit)} = "
            + $"{HumanText.Percent(Fill(currentSeconds, newSeconds))}, below {HumanText.Percent(MaxFill)} is allowed";
    }

    private double Rate(long currentSeconds) => (double)Lingering / Math.Max(1, currentSeconds);
}
