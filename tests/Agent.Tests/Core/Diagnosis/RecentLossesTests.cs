using Agent.Core.Diagnosis;
using Agent.Core.Model;
using Xunit;

namespace Agent.Tests.Core.Diagnosis;

public sealed class RecentLossesTests
{
    [Fact]
    public void Of_NobodyListens_Null() => Assert.Null(Of(Given.Alone(Given.Node(Given.Serving()))));

    [Fact]
    public void Of_OneSnapshot_AllSinceItIsWatched() =>
        Assert.Equal(new RecentLosses(4, Given.Noon, TimeSpan.FromMinutes(1)), Of(Given.Alone(Given.Node(Pod(4)))));

    [Fact]
    public void Of_SnapshotsInTurn_TheIncrease() => Assert.Equal(
        new RecentLosses(3, Given.Noon, 2 * Given.Interval),
        Of(Given.InTurn(Given.Node(Pod(4)), Given.Node(Pod(5)), Given.Node(Pod(7)))));

    [Fact]
    public void Of_LastOneBeforeTheWindow_None() =>
        Assert.Equal((0L, null), Of(Given.Alone(Given.Node(Pod(4, Given.Noon - RecentLosses.Window - TimeSpan.FromSeconds(1))))) is { } lost ? (lost.Count, lost.LastAt) : default);

    [Theory]
    [InlineData(-20, 2)] // the snapshot after the repair has 5
    [InlineData(-10, 2)] // none is after the repair, but the last loss is
    public void Of_Repaired_WhatWasLostBeforeIsOver(int since, long expected) => Assert.Equal(
        expected,
        Of(Given.InTurn(Given.Node(Pod(4)), Given.Node(Pod(5)), Given.Node(Pod(7))), Given.Noon + TimeSpan.FromSeconds(since))?.Count);

    private static RecentLosses? Of(DiagnosisContext context, DateTimeOffset? since = null) =>
        RecentLosses.Of(context, context.Current.Pods[0], static lost => lost.Role == EndRole.Server, since);

    private static PodSnapshot Pod(long lost, DateTimeOffset? lastAt = null) => Given.Serving() with
    {
        Ends = Given.Ends(
            new LostRequests(EndRole.Server, LossCause.AfterClose, 8080, lost, lastAt ?? Given.Noon),
            new LostRequests(EndRole.Client, LossCause.AfterClose, 5432, 99, Given.Noon)),
    };
}
