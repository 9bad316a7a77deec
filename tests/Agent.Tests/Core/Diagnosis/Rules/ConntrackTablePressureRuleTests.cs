using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;
using Xunit;

namespace Agent.Tests.Core.Diagnosis.Rules;

public sealed class ConntrackTablePressureRuleTests
{
    private static readonly ConntrackTablePressureRule s_rule = new();

    private static Snapshot Filled(long entries, long limit = 1000) =>
        Given.Node() with { Conntrack = Given.Node().Conntrack! with { Entries = entries, Limit = limit } };

    [Theory]
    [InlineData(749, null)]
    [InlineData(750, Severity.Warning)]
    [InlineData(899, Severity.Warning)]
    [InlineData(900, Severity.Critical)]
    public void Evaluate_FillRatio_SeverityByThreshold(long entries, Severity? expected) =>
        Assert.Equal(expected, s_rule.Evaluate(Given.Alone(Filled(entries))).FirstOrDefault()?.Severity);

    [Fact]
    public void Evaluate_NoLimit_Silent() => Assert.Empty(s_rule.Evaluate(Given.Alone(Filled(1_000_000, limit: 0))));

    [Fact]
    public void Evaluate_EarlyDropsRise_CriticalWhateverTheFill() => Assert.Equal(
        Severity.Critical,
        Given.Only(s_rule, Given.InTurn(Filled(500).With(Given.Statistics(early: 1)), Filled(500).With(Given.Statistics(early: 9)))).Severity);

    [Fact]
    public void Evaluate_FullOfCloseWait_SaysSoAndDoublesTheLimit()
    {
        var snapshot = Filled(950);
        var finding = Given.Only(s_rule, Given.Alone(snapshot with { Conntrack = snapshot.Conntrack! with { Flows = Given.Flows(950, 600) } }));
        Assert.Contains(finding.Evidence, static line => line.Contains("close_wait: applications do not close", StringComparison.Ordinal));
        Assert.Contains(finding.Fix, static fix => fix.Text == "sysctl -w net.netfilter.nf_conntrack_max=2000");
    }

    /// <summary>Somebody lowered nf_conntrack_max under load: twice the new limit would be full at once.</summary>
    [Theory]
    [InlineData(1000, 2000)]
    [InlineData(1010, 2000)]
    [InlineData(1500, 2000)]
    [InlineData(1501, 4000)]
    [InlineData(8000, 16000)]
    public void Evaluate_MoreEntriesThanTheLimit_OffersOneThatHoldsThem(long entries, long limit)
    {
        var finding = Given.Only(s_rule, Given.Alone(Filled(entries)));
        Assert.Equal(Severity.Critical, finding.Severity);
        Assert.Contains(finding.Fix, fix => fix.Text == $"sysctl -w net.netfilter.nf_conntrack_max={limit}");
        Assert.Equal(entries > 1010, finding.Evidence.Any(static line => line.StartsWith("The limit was lowered", StringComparison.Ordinal)));
    }

    /// <summary>A captured tree may hold any number; nf_conntrack_max is an int.</summary>
    [Theory]
    [InlineData(long.MaxValue, 1000)]
    [InlineData(long.MaxValue, long.MaxValue)]
    [InlineData(long.MaxValue, 1L << 62)]
    public void Evaluate_NumbersThatNoKernelHas_OfferNoMoreThanThereCanBe(long entries, long limit) => Assert.Contains(
        Given.Only(s_rule, Given.Alone(Filled(entries, limit))).Fix, static fix => fix.Text == "sysctl -w net.netfilter.nf_conntrack_max=2147483647");
}
