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
        _ledger.Explain();
        _ledger.Read(Seconds(20), 7);
        Assert.Equal((1, 1), _ledger.Unexplained(Seconds(12), Seconds(15)));

        _ledger.Explain();

        Assert.Equal((0, 0), _ledger.Unexplained(Seconds(12), Seconds(15)));
    }

    [Fact]
    public void Unexplained_WhatMayBeExplained_IsARange()
    {
        _ledger.Read(Seconds(10), 5);
        _ledger.ExplainPerhaps();
        _ledger.Read(Seconds(20), 7);

        Assert.Equal((1, 2), _ledger.Unexplained(Seconds(12), Seconds(15)));
    }

    [Fact]
    public void Unexplained_ExplainedBeforeTheTimeInQuestion_DoesNotCount()
    {
        _ledger.Explain();
        _ledger.Read(Seconds(10), 5);
        _ledger.Read(Seconds(20), 6);

        Assert.Equal((1, 1), _ledger.Unexplained(Seconds(12), Seconds(15)));
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
