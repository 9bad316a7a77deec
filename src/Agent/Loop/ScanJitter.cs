namespace Agent.Loop;

/// <summary>
/// How far scans are from an even beat: traffic whose period divides the interval would be met at the same point of its period each time.
/// Each wait is a bit longer or shorter by chance, so that in the long run every point is met as often as any other.
/// </summary>
/// <param name="random">The chance.</param>
internal sealed class ScanJitter(Random random)
{
    /// <summary>At most so much of the interval, to either side.</summary>
    public const double Share = 0.1;

    /// <summary>
    /// How many intervals the next scan begins after the last one: from <c>1 - Share</c> to <c>1 + Share</c>, on average 1.
    /// </summary>
    public double Next() => 1 + (((2 * random.NextDouble()) - 1) * Share);
}
