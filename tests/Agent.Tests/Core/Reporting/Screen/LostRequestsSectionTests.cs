using Agent.Core.Diagnosis;
using Agent.Core.Model;
using Agent.Tests.Core.Diagnosis;
using Xunit;

namespace Agent.Tests.Core.Reporting.Screen;

public sealed class LostRequestsSectionTests
{
    private static readonly LostRequests s_lost = new(EndRole.Server, LossCause.Unanswered, 8080, 9, Given.Noon);

    /// <summary>A sink for logs closes senders that are idle: no screen may call what they sent lost requests.</summary>
    [Fact]
    public void Screen_WhatNeedNotBeRequests_IsNotAmongTheLostOnes()
    {
        var unsure = Text(s_lost with { First = new(9, TimeSpan.FromSeconds(4), true, PortAnswers: false) });

        Assert.StartsWith("OK", unsure, StringComparison.Ordinal);
        Assert.DoesNotContain("Lost requests", unsure, StringComparison.Ordinal);
        Assert.Contains("Lost requests", Text(s_lost), StringComparison.Ordinal);
    }

    private static string Text(LostRequests lost)
    {
        var snapshot = Given.Node(Given.Serving() with { Ends = Given.Ends(lost) });
        return ReportGoldenTests.Text(new(snapshot, null, DiagnosisEngine.Evaluate(Given.Alone(snapshot)), new(), new(), new("1.2.3", "", "")));
    }
}
