using Agent.Core.Model;
using Xunit;

namespace Agent.Tests.Core.Model;

public sealed class DurationCountsTests
{
    private const int Week = 7 * 24 * 3600;

    [Fact]
    public void StepOf_EverySecondOfAWeek_NeverGoesDownAndStaysInRange()
    {
        var last = 0;
        for (var second = 0; second <= Week; second++)
        {
            var step = DurationCounts.StepOf(second);
            if (step < last || step > last + 1)
            {
                Assert.Fail($"after {second} s: {step}, and a second before {last}");
            }

            last = step;
        }

        Assert.Equal(DurationCounts.Steps - 1, last);
        Assert.Equal(DurationCounts.Steps - 1, DurationCounts.StepOf(double.MaxValue));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(59)]
    [InlineData(60)]
    [InlineData(90)]
    [InlineData(300)]
    [InlineData(570)]
    [InlineData(3600)]
    [InlineData(5400)]
    [InlineData(21_600)]
    [InlineData(86_400)]
    public void FromAndBelow_ThresholdOnAStep_AreExact(int threshold)
    {
        double[] seconds = [0, 0.4, threshold - 0.001, threshold, threshold + 0.001, threshold + 1, threshold * 1.5, threshold / 2.0, Week];
        var counts = Of(seconds);

        Assert.Equal(seconds.Count(second => second >= threshold), counts.From(TimeSpan.FromSeconds(threshold)));
        Assert.Equal(seconds.Count(second => second < threshold), counts.Below(TimeSpan.FromSeconds(threshold)));
        Assert.Equal(seconds.Length, counts.Total);
    }

    [Fact]
    public void FromAndBelow_ThresholdWithinAStep_CountOnlyWhatIsCertain()
    {
        var counts = Of([3601, 3899]);
        Assert.Equal(0, counts.From(TimeSpan.FromSeconds(3700)));
        Assert.Equal(0, counts.Below(TimeSpan.FromSeconds(3700)));
    }

    [Fact]
    public void None_HasNothing()
    {
        Assert.Same(DurationCounts.None, DurationCounts.From(new int[DurationCounts.Steps]));
        Assert.Equal(0, DurationCounts.None.From(TimeSpan.Zero));
        Assert.Equal(0, DurationCounts.None.Below(TimeSpan.MaxValue));
    }

    private static DurationCounts Of(double[] seconds)
    {
        var bySteps = new int[DurationCounts.Steps];
        foreach (var second in seconds)
        {
            bySteps[DurationCounts.StepOf(second)]++;
        }

        return DurationCounts.From(bySteps);
    }
}
