using System.Diagnostics;

namespace Agent.EndToEndTests;

/// <summary>Waits for what comes about by itself.</summary>
public static class Eventually
{
    // Most ask by a program of their own: asked five times as often, that took a tenth of the processors.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Asks until the answer is true; an exception that names <paramref name="what"/> after <paramref name="timeout"/> (10 s).</summary>
    public static async Task TrueAsync(string what, Func<Task<bool>> condition, TimeSpan? timeout = null)
    {
        var limit = timeout ?? TimeSpan.FromSeconds(10);
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            if (clock.Elapsed > limit)
            {
                throw new TimeoutException($"after {limit.TotalSeconds} s still not: {what}");
            }

            await Task.Delay(s_pause);
        }
    }
}
