namespace Agent.Kubernetes;

/// <summary>Exponential back-off with jitter: thousands of agents that failed together do not come back together.</summary>
/// <param name="First">The most to wait after the first failure.</param>
/// <param name="Cap">The most to wait ever.</param>
internal readonly record struct Backoff(TimeSpan First, TimeSpan Cap)
{
    /// <summary>Doubling beyond this changes nothing for any sensible cap.</summary>
    private const int MaxDoublings = 16;

    /// <summary>What the server asks for is believed up to this.</summary>
    private static readonly TimeSpan s_maxRetryAfter = TimeSpan.FromMinutes(10);

    /// <param name="failures">How many failures in a row, this one included.</param>
    /// <param name="retryAfter">The least to wait, as the server asks; null when it does not.</param>
    /// <param name="random">Source of the jitter.</param>
    /// <returns>
    /// Between a tenth of the ceiling (so that bad luck is no hammering) and the ceiling, or a little over what was asked for.
    /// </returns>
    public TimeSpan Next(int failures, TimeSpan? retryAfter, Random random)
    {
        var ceiling = Math.Min(Cap.TotalSeconds, First.TotalSeconds * Math.Pow(2, Math.Clamp(failures - 1, 0, MaxDoublings)));
        var seconds = ceiling * (0.1 + 0.9 * random.NextDouble());
        if (retryAfter is { } asked)
        {
            var least = Math.Clamp(asked.TotalSeconds, 0, s_maxRetryAfter.TotalSeconds);
            seconds = Math.Max(seconds, least * (1 + 0.2 * random.NextDouble()));
        }

        return TimeSpan.FromSeconds(seconds);
    }
}
