using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Xunit;

namespace Agent.Tests.Core.Diagnosis.Rules;

public sealed class ConntrackCounterRuleTests
{
    private static readonly ConntrackDropsRule s_drops = new();
    private static readonly ConntrackInvalidPacketsRule s_invalid = new();

    [Fact]
    public void Drops_OldTotalsThatDoNotRise_Silent()
    {
        var old = Given.Node().With(Given.Statistics(drop: 500, early: 3, failed: 70));
        Assert.Empty(s_drops.Evaluate(Given.InTurn(old, old)));
    }

    [Fact]
    public void Drops_SingleScan_InfoThatSaysHowToBeSure()
    {
        var finding = Given.Only(s_drops, Given.Alone(Given.Node().With(Given.Statistics(drop: 500))));
        Assert.Equal(Severity.Info, finding.Severity);
        Assert.Contains(finding.Evidence, static line => line.Contains("--window 30s", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(5ul, 0ul, 0ul, Severity.Critical)]
    [InlineData(0ul, 5ul, 0ul, Severity.Warning)]
    [InlineData(0ul, 0ul, 5ul, Severity.Info)]
    [InlineData(0ul, 0ul, 60ul, Severity.Warning)]
    public void Drops_Rising_SeverityByKind(ulong drop, ulong early, ulong failed, Severity expected)
    {
        var before = Given.Node().With(Given.Statistics(drop: 7, early: 7, failed: 7));
        var after = Given.Node().With(Given.Statistics(7 + drop, 7 + early, 7 + failed));
        var finding = Given.Only(s_drops, Given.InTurn(before, after));
        Assert.Equal(expected, finding.Severity);
        Assert.Equal((long)(drop + early + failed), finding.Victims);
    }

    [Fact]
    public void Drops_OfClashingEntries_CountOnceAndAskForNoBiggerTable()
    {
        var before = Given.Node().With(Given.Statistics(drop: 7, failed: 7));
        var finding = Given.Only(s_drops, Given.InTurn(before, Given.Node().With(Given.Statistics(drop: 67, failed: 67))));
        Assert.Equal(Severity.Warning, finding.Severity);
        Assert.Equal(60, finding.Victims);
        Assert.StartsWith("insert_failed rose by 60", Assert.Single(finding.Evidence), StringComparison.Ordinal);
        Assert.All(finding.Fix, static fix => Assert.Contains("insert_failed", fix.Where, StringComparison.Ordinal));
    }

    [Fact]
    public void Drops_AnotherBoot_NotCompared()
    {
        var before = Given.Node().With(Given.Statistics(drop: 1)) with { Node = new("node-1", "6.18", "boot-0", false) };
        Assert.Empty(s_drops.Evaluate(Given.InTurn(before, Given.Node().With(Given.Statistics(drop: 90)))));
    }

    [Fact]
    public void Drops_NoStatistics_Silent() =>
        Assert.Empty(s_drops.Evaluate(Given.Alone(Given.Node() with { Conntrack = null })));

    [Theory]
    [InlineData(3ul, 0L, Severity.Info)]
    [InlineData(300ul, 0L, Severity.Warning)]
    [InlineData(300ul, 1L, Severity.Info)]
    public void Invalid_Rising_SeverityByRateAndLiberal(ulong rise, long liberal, Severity expected)
    {
        var before = Given.Node().With(Given.Statistics(invalid: 1000));
        var after = Given.Node().With(Given.Statistics(invalid: 1000 + rise)) with { HostSettings = Given.Settings(3600, liberal) };
        Assert.Equal(expected, Given.Only(s_invalid, Given.InTurn(before, after)).Severity);
    }

    [Fact]
    public void Invalid_SingleScan_Info() =>
        Assert.Equal(Severity.Info, Given.Only(s_invalid, Given.Alone(Given.Node().With(Given.Statistics(invalid: 5000)))).Severity);

    [Theory]
    [InlineData(10ul, 25ul, 15ul)]
    [InlineData(4294967290ul, 4ul, 10ul)]
    public void Between_RiseOrWrap_Increment(ulong earlier, ulong later, ulong expected) =>
        Assert.Equal(expected, CounterIncrease.Between(earlier, later));

    [Fact]
    public void Between_CounterBeganAnew_Null() => Assert.Null(CounterIncrease.Between(1000, 3));
}
