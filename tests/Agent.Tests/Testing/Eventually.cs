using System.Diagnostics;
using Xunit;

namespace Agent.Tests.Testing;

/// <summary>Waits for what other threads do.</summary>
internal static class Eventually
{
    /// <summary>Far more than anything takes; only a failing test waits so long.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static async Task True(Func<bool> condition, string what)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < Limit, $"{what}: not within {Limit}");
            await Task.Delay(5);
        }
    }
}
