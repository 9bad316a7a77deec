using Agent.Core;
using Xunit;

namespace Agent.Tests.Core;

public sealed class HumanTextTests
{
    [Theory]
    [InlineData(0, "0s")]
    [InlineData(0.04, "0.04s")]
    [InlineData(0.996, "1s")]
    [InlineData(2.54, "2.5s")]
    [InlineData(9.96, "10s")]
    [InlineData(59.4, "59s")]
    [InlineData(59.6, "1m")]
    [InlineData(70, "1m10s")]
    [InlineData(130, "2m10s")]
    [InlineData(600, "10m")]
    [InlineData(3599.7, "1h")]
    [InlineData(3840, "1h04m")]
    [InlineData(86399.8, "1d")]
    [InlineData(183600, "2d03h")]
    public void Duration_TwoUnitsAtMost(double seconds, string expected) => Assert.Equal(expected, HumanText.Duration(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(0, "0%")]
    [InlineData(0.0001, "<0.1%")]
    [InlineData(0.007, "0.7%")]
    [InlineData(0.5, "50%")]
    [InlineData(0.934, "93%")]
    [InlineData(1, "100%")]
    public void Percent_OneDecimalBelowTen(double ratio, string expected) => Assert.Equal(expected, HumanText.Percent(ratio));

    [Theory]
    [InlineData(1, "1 pod")]
    [InlineData(1234, "1,234 pods")]
    public void Count_Noun_InItsNumber(long count, string expected) => Assert.Equal(expected, HumanText.Count(count, "pod"));
}
