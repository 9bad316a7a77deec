using Agent.Core.Ends;
using Xunit;

namespace Agent.Tests.Core.Ends;

public sealed class ResetLedgerTests
{
    private readonly ResetLedger _ledger = new();

    [Fact]
    public void Unexplained_ReadBeforeAndAfter_IsTheIncrease()
    {
        _ledger.Read(Seconds(10), 5);
        _ledger.Read(Seconds(20), 7);

        Assert.Equal((2, 2), _ledger.Unexplained(Seconds(12), Seconds(15)));
    }

    [Fact]
    public void Unexplained_WhatIsExplained_IsLeftOut()
    {
        _ledger.Read(Seconds(10), 5);
        _ledger.Explain(Seconds(11), Seconds(12));
        _ledger.Read(Seconds(20), 7);
        Assert.Equal((1, 1), _ledger.Unexplained(Seconds(12), Seconds(15)));

        _ledger.Explain(Seconds(13), Seconds(14));

        Assert.Equal((0, 0), _ledger.Unexplained(Seconds(12), Seconds(15)));
    }

    [Fact]
    public void Unexplained_WhatMayBeExplained_IsARange()
    {
        _ledger.Read(Seconds(10), 5);
        _ledger.ExplainPerhaps(Seconds(12));
        _ledger.Read(Seconds(20), 7);

        Assert.Equal((1, 2), _ledger.Unexplained(Seconds(12), Seconds(15)));
    }

    [Fact]
    public void Unexplained_ExplainedBeforeTheTimeInQuestion_DoesNotCount()
    {
        _ledger.Explain(Seconds(8), Seconds(9));
        _ledger.Read(Seconds(10), 5);
        _ledger.Read(Seconds(20), 6);

        Assert.Equal((1, 1), _ledger.Unexplained(Seconds(12), Seconds(15)));
    }

    /// <summary>Many late requests are looked up seconds after their resets: that explains none of the resets that came meanwhile.</summary>
    [Fact]
    public void Unexplained_EarlierResetsExplainedLate_TakeNothingFromLaterOnes()
    {
        _ledger.Read(Seconds(10), 0);
        _ledger.Read(Seconds(12), 40);
        _ledger.Read(Seconds(14), 56);
        for (var i = 0; i < 40; i++)
        {
            _ledger.Explain(Seconds(10.5), Seconds(11.5));
        }

        Assert.Equal((16, 16), _ledger.Unexplained(Seconds(12.5), Seconds(13)));
        Assert.Equal((16, 16), _ledger.Unexplained(Seconds(10.5), Seconds(13)));
    }

    /// <summary>Whether a reset is one of those before a reading or after it.</summary>
    [Fact]
    public void Unexplained_ExplainedAtAnUncertainTime_IsARange()
    {
        _ledger.Read(Seconds(10), 0);
        _ledger.Read(Seconds(12), 1);
        _ledger.Read(Seconds(14), 2);
        _ledger.Explain(Seconds(11), Seconds(13));

        Assert.Equal((0, 1), _ledger.Unexplained(Seconds(12), Seconds(13)));
        Assert.Equal((1, 1), _ledger.Unexplained(Seconds(11), Seconds(13)));
    }

    /// <summary>Explained, and not yet in the counter: nothing of what was read is explained by it.</summary>
    [Fact]
    public void Unexplained_ExplainedSinceTheLastReading_CountsFromTheNextOne()
    {
        _ledger.Read(Seconds(10), 0);
        _ledger.Read(Seconds(14), 1);
        _ledger.Explain(Seconds(14.5), Seconds(15));
        _ledger.ExplainPerhaps(Seconds(14.5));
        Assert.Equal((1, 1), _ledger.Unexplained(Seconds(11), Seconds(13)));

        _ledger.Read(Seconds(16), 2);

        Assert.Equal((0, 1), _ledger.Unexplained(Seconds(11), Seconds(13)));
    }

    [Theory]
    [InlineData(5, 15)] // it began before the first reading
    [InlineData(12, 25)] // it is not read since
    public void Unexplained_NotReadBeforeAndAfter_IsUnknown(double since, double until)
    {
        _ledger.Read(Seconds(10), 5);
        _ledger.Read(Seconds(20), 7);

        Assert.Null(_ledger.Unexplained(Seconds(since), Seconds(until)));
    }

    [Fact]
    public void Unexplained_TooLongAgo_IsUnknown()
    {
        for (var i = 0; i < 100; i++)
        {
            _ledger.Read(Seconds(i), i);
        }

        Assert.Null(_ledger.Unexplained(Seconds(10), Seconds(20)));
        Assert.Equal((2, 2), _ledger.Unexplained(Seconds(97.5), Seconds(98)));
    }

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
