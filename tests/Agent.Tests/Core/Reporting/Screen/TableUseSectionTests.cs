using Agent.Core.Diagnosis;
using Agent.Core.Model;
using Agent.Core.Reporting;
using Agent.Kernel.Net;
using Agent.Tests.Core.Diagnosis;
using Xunit;

namespace Agent.Tests.Core.Reporting.Screen;

/// <summary>Who fills the table stands on the screen where the table is what is wrong, and nowhere else.</summary>
public sealed class TableUseSectionTests
{
    [Theory]
    [InlineData(900_000, true)]
    [InlineData(100_000, false)]
    public void Screen_ShowsWhoFillsTheTable_OnlyUnderPressure(long entries, bool expected)
    {
        var text = ReportGoldenTests.Text(Input(entries, new()));

        Assert.Equal(expected, text.Contains("Who fills the conntrack table", StringComparison.Ordinal));
        Assert.Equal(expected, text.Contains("tcp 203.0.113.7:443 about 600", StringComparison.Ordinal));
    }

    [Fact]
    public void Details_ShowItAlways() =>
        Assert.Contains("shop/web", ReportGoldenTests.Text(Input(100_000, new() { Details = true })), StringComparison.Ordinal);

    private static ReportInput Input(long entries, ReportOptions options)
    {
        var counts = new int[OwnerEntries.Length];
        counts[0] = 700;
        Assert.True(IpAddress.TryParse("203.0.113.7", out var address));
        var place = new TablePlace("tcp", address, 443, PlaceKind.Elsewhere, null);
        var user = new TableUser(
            Given.Identity(), new([.. counts]), [new(Given.Identity(), false, place, 600, 3, 600, 0, 0)]);
        var snapshot = Given.Node(Given.Pod()) with
        {
            Conntrack = new() { Entries = entries, Limit = 1_000_000, Flows = Given.Flows(1000, 0) with { Use = new() { Users = [user] } } },
        };
        return new(snapshot, null, DiagnosisEngine.Evaluate(Given.Alone(snapshot)), new(), options, new("1.2.3", "", ""));
    }
}
