using Agent.Core.Ends;
using Xunit;

namespace Agent.Tests.Core.Ends;

public sealed class WatchBudgetTests
{
    private static readonly TimeSpan s_step = TimeSpan.FromSeconds(1);

    private TimeSpan _now = TimeSpan.FromHours(5);

    [Fact]
    public void Update_CostWithinTheBudget_ListensAlways()
    {
        var budget = new WatchBudget(_now, 1);

        var cost = Run(budget, TimeSpan.FromHours(1), costWhileListening: 0.0099);

        Assert.True(budget.IsListening);
        Assert.Equal(TimeSpan.FromHours(1), budget.Watched);
        Assert.Equal(1, budget.WatchedShare);
        Assert.InRange(cost, 35, 36);
    }

    [Theory]
    [InlineData(1, 0.025, 0.4)]
    [InlineData(1, 0.04, 0.25)]
    [InlineData(5, 0.2, 0.25)]
    [InlineData(0.5, 0.5, 0.01)]
    public void Update_CostAboveTheBudget_ListensInTurnsAndStaysInside(double percent, double costWhileListening, double share)
    {
        var budget = new WatchBudget(_now, percent);
        Run(budget, TimeSpan.FromMinutes(10), costWhileListening);
        var before = budget.Watched;

        var cost = Run(budget, TimeSpan.FromHours(2), costWhileListening);

        Assert.InRange((budget.Watched - before) / TimeSpan.FromHours(2), share * 0.9, share * 1.1);
        Assert.InRange(budget.WatchedShare, share * 0.6, share * 1.4);
        Assert.InRange(cost / 7200, percent / 100 * 0.9, percent / 100 * 1.1);
    }

    [Fact]
    public void Update_BurstAfterAQuietMinute_IsHeardWhole()
    {
        var budget = new WatchBudget(_now, 1);
        Run(budget, TimeSpan.FromMinutes(2), costWhileListening: 0);

        // Ten seconds at five times the budget: half a second of CPU time, of 0.6 saved.
        Run(budget, TimeSpan.FromSeconds(10), costWhileListening: 0.05);

        Assert.True(budget.IsListening);
        Assert.Equal(1, budget.WatchedShare);
    }

    [Fact]
    public void WatchedShare_FiveMinutesLater_ForgetsWhatWas()
    {
        var budget = new WatchBudget(_now, 1);
        Run(budget, TimeSpan.FromMinutes(10), costWhileListening: 0.1);
        Assert.InRange(budget.WatchedShare, 0, 0.3);

        Run(budget, TimeSpan.FromMinutes(6), costWhileListening: 0);

        Assert.Equal(1, budget.WatchedShare);
        Assert.True(budget.Watched < TimeSpan.FromMinutes(10));
    }

    [Fact]
    public void SetPercent_MoreOrNothing_CountsFromThenOn()
    {
        var budget = new WatchBudget(_now, 1);
        Run(budget, TimeSpan.FromMinutes(10), costWhileListening: 0.1);

        budget.SetPercent(0);
        Run(budget, TimeSpan.FromMinutes(10), costWhileListening: 0.1);
        Assert.False(budget.IsListening);
        Assert.Equal(0, budget.WatchedShare);

        budget.SetPercent(20);
        Run(budget, TimeSpan.FromMinutes(10), costWhileListening: 0.1);
        Assert.True(budget.IsListening);
        Assert.Equal(1, budget.WatchedShare);
    }

    [Fact]
    public void WatchedShare_AtTheBeginning_IsAll() => Assert.Equal(1, new WatchBudget(_now, 1).WatchedShare);

    /// <summary>Lets time pass.</summary>
    /// <returns>Seconds of CPU time used.</returns>
    private double Run(WatchBudget budget, TimeSpan length, double costWhileListening)
    {
        var cost = 0d;
        for (var end = _now + length; _now < end;)
        {
            var spent = budget.IsListening ? costWhileListening : 0;
            _now += s_step;
            cost += spent;
            budget.Update(_now, TimeSpan.FromSeconds(spent));
        }

        return cost;
    }
}
