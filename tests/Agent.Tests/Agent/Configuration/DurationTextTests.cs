using Agent.Configuration;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Agent.Tests.Agent.Configuration;

public sealed class DurationTextTests
{
    [Theory]
    [InlineData("15s", 15_000)]
    [InlineData("250ms", 250)]
    [InlineData("1h", 3_600_000)]
    [InlineData("1h30m", 5_400_000)]
    [InlineData("1.5h", 5_400_000)]
    [InlineData("7d", 604_800_000)]
    [InlineData("60", 60_000)]
    [InlineData("0.25", 250)]
    [InlineData(" 5s ", 5_000)]
    [InlineData("0", 0)]
    public void TryParse_Duration_GivesMilliseconds(string text, double expected)
    {
        Assert.True(DurationText.TryParse(text, out var duration));
        Assert.Equal(expected, duration.TotalMilliseconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("5x")]
    [InlineData("-5s")]
    [InlineData("5s5s")]
    [InlineData("1:30")]
    [InlineData("1.2.3s")]
    [InlineData("99999999999999999999d")]
    [InlineData("NaN")]
    public void TryParse_Nonsense_IsRefused(string text) => Assert.False(DurationText.TryParse(text, out _));

    [Fact]
    public void Format_AnyWholeMilliseconds_ParsesBack() => Prop.ForAll(
        Gen.Choose(0, int.MaxValue).ToArbitrary(),
        static milliseconds => DurationText.TryParse(DurationText.Format(TimeSpan.FromMilliseconds(milliseconds)), out var back) && back == TimeSpan.FromMilliseconds(milliseconds))
        .QuickCheckThrowOnFailure();
}
