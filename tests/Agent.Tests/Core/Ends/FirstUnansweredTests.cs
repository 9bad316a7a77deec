using Agent.Core.Ends;
using Agent.Core.Model;
using Xunit;

namespace Agent.Tests.Core.Ends;

public sealed class FirstUnansweredTests
{
    private static readonly DateTimeOffset s_start = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("a time-out", new[] { 60000, 60010, 60300, 59990 }, 5, true)]
    [InlineData("a time-out that is looked at once a second", new[] { 3000, 3600, 3300, 3100 }, 5, true)]
    [InlineData("a time-out of a server that is often late", new[] { 2010, 2900, 3500, 2050, 2400, 6100, 2002, 2300, 2000, 3900 }, 1, true)]
    [InlineData("a few, of which one was late", new[] { 2010, 2050, 3500 }, 1, false)]
    [InlineData("requests that take any time and are cut", new[] { 1000, 2300, 4500, 1600, 2900, 5100, 3500, 1300, 3900, 2000 }, 1, false)]
    [InlineData("requests that take any time, most of them long", new[] { 1000, 5000, 4500, 6600, 5900, 5100, 3500, 7300, 6900, 2000 }, 1, false)]
    [InlineData("a crash: at one instant, at any age", new[] { 100, 4000, 900, 2500 }, 0, false)]
    [InlineData("a crash in which all happen to be of one age", new[] { 3000, 3000, 3000, 3000 }, 0, false)]
    [InlineData("crashes at several moments", new[] { 100, 4000, 900, 2500 }, 5, false)]
    public void IsOneAge_OnlyOfATimeOut(string why, int[] waits, int secondsBetween, bool expected)
    {
        Assert.NotEmpty(why);
        var histogram = new IdleHistogram();
        for (var i = 0; i < waits.Length; i++)
        {
            histogram.Add((uint)waits[i], s_start + TimeSpan.FromSeconds(i * secondsBetween));
        }

        Assert.Equal(expected, FirstUnanswered.Of(waits.Length, histogram.ToSummary(80), portAnswers: true).IsOneAge);
    }
}
