using Agent.Core.Diagnosis;
using Xunit;

namespace Agent.Tests.Core.Diagnosis;

public sealed class FindingTrackerTests
{
    private static readonly FindingSubject s_web = new(SubjectKind.Pod, "shop", "web");

    private readonly FindingTracker _tracker = new();
    private int _scan;

    [Fact]
    public void Update_FirstEvaluation_ShowsEverything() => Assert.Single(Next(Severity.Info).Findings);

    [Fact]
    public void Update_LaterFinding_AppearsWhenHeldTwice()
    {
        Next(null);
        Assert.Empty(Next(Severity.Warning).Findings);
        Assert.Empty(Next(null).Findings);
        Assert.Single(Next(Severity.Warning).Findings);
    }

    [Fact]
    public void Update_SeenOnceInAWhile_NeverAppears()
    {
        Next(null);
        for (var round = 0; round < 20; round++)
        {
            Assert.Empty(Next(round % 3 == 0 ? Severity.Warning : null).Findings);
        }
    }

    [Fact]
    public void Update_Critical_AppearsAtOnce()
    {
        Next(null);
        Assert.Equal(Severity.Critical, Assert.Single(Next(Severity.Critical).Findings).Severity);
    }

    [Fact]
    public void Update_WithPatience_AppearsWhenThatIsOver_EvenCriticalAndInTheFirstEvaluation()
    {
        var patience = TimeSpan.FromSeconds(60);
        var shown = Enumerable.Range(0, 6).Select(_ => Next(Severity.Critical, patience).Findings.Length).ToList();
        Assert.Equal([0, 0, 0, 0, 1, 1], shown);
    }

    [Fact]
    public void Update_ExplainedWithinItsPatience_WasNeverThere()
    {
        Next(null);
        Next(Severity.Critical, TimeSpan.FromSeconds(60));
        for (var round = 0; round < 4; round++)
        {
            // Later there is nothing left to explain.
            var result = round == 0 ? Explained(Severity.Info) : Next(null);
            Assert.Empty(result.Findings.Where(static finding => finding.Id == "close-wait-leak").Select(static finding => finding.Id).Concat(result.Over.Select(static over => over.Finding.Id)));
        }
    }

    /// <summary>Held back for a cause that never came: it must not end unsaid.</summary>
    [Fact]
    public void Update_EndsWithinItsPatienceUnexplained_IsToldThen()
    {
        Next(null);
        Assert.Empty(Next(Severity.Critical, TimeSpan.FromMinutes(3)).Findings);
        Assert.Empty(Next(Severity.Critical, TimeSpan.FromMinutes(3)).Findings);
        Assert.Equal(Severity.Critical, Assert.Single(Next(null).Findings).Severity);
        Assert.Single(Next(null).Findings);
        var over = Next(null);
        Assert.Empty(over.Findings);
        Assert.Equal("close-wait-leak", Assert.Single(over.Over).Finding.Id);
    }

    [Fact]
    public void Update_SeenOnceWithinItsPatience_IsNotTold()
    {
        Next(null);
        Next(Severity.Warning, TimeSpan.FromMinutes(3));
        for (var round = 0; round < 4; round++)
        {
            Assert.Empty(Next(null).Findings);
        }
    }

    /// <summary>It does not stay beside the cause that explains it, and is not said to be over: it goes on, under another name.</summary>
    [Fact]
    public void Update_ShownAndThenExplained_GoesWhenItsCauseIsShown()
    {
        Next(Severity.Critical);
        Next(Severity.Critical);
        Assert.Equal(["close-wait-leak"], Explained(Severity.Warning).Findings.Select(static finding => finding.Id));
        var explained = Explained(Severity.Warning);
        Assert.Equal(["container-restarting"], explained.Findings.Select(static finding => finding.Id));
        Assert.Empty(explained.Over);
    }

    [Fact]
    public void Update_Absent_GoesOnlyAfterThreeEvaluations()
    {
        Next(Severity.Warning);
        Assert.Single(Next(null).Findings);
        Assert.Single(Next(null).Findings);
        Assert.Empty(Next(null).Findings);
    }

    [Fact]
    public void Update_OnAndOff_StaysWithItsFirstTime()
    {
        var first = Next(Severity.Warning).Findings[0].FirstSeen;
        for (var round = 0; round < 10; round++)
        {
            Assert.Equal(first, Assert.Single(Next(round % 2 == 0 ? null : Severity.Warning).Findings).FirstSeen);
        }
    }

    [Fact]
    public void Update_ComesBackLater_HasANewFirstTime()
    {
        var first = Next(Severity.Critical).Findings[0].FirstSeen;
        for (var round = 0; round < 4; round++)
        {
            Next(null);
        }

        Assert.True(Next(Severity.Critical).Findings[0].FirstSeen > first);
    }

    [Fact]
    public void Update_SeverityWavers_TheWorseHoldsForAWhile()
    {
        Next(Severity.Critical);
        Assert.Equal(Severity.Critical, Next(Severity.Warning).Findings[0].Severity);
        Assert.Equal(Severity.Critical, Next(Severity.Warning).Findings[0].Severity);
        Assert.Equal(Severity.Warning, Next(Severity.Warning).Findings[0].Severity);
    }

    [Fact]
    public void Update_PodIsGone_ItsFindingGoesAtOnce()
    {
        Next(Severity.Critical);
        Assert.Empty(Next(null, present: []).Findings);
    }

    [Fact]
    public void Update_HeldFinding_IsInTheHeadline()
    {
        Next(Severity.Warning);
        Assert.StartsWith("WARNING: close-wait-leak of shop/web", Next(null).Headline.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Update_Over_IsRememberedWithItsEndForAWhile()
    {
        Next(Severity.Critical);
        Next(Severity.Warning);
        var seen = _scan - 1;
        Assert.Empty(Next(null).Over);
        Next(null);
        var over = Assert.Single(Next(null).Over);
        Assert.Equal((Severity.Critical, Given.Noon + (seen * Given.Interval)), (over.Finding.Severity, over.Until));

        _scan += (int)(FindingTracker.OverFor / Given.Interval);
        Assert.Empty(Next(null).Over);
    }

    [Fact]
    public void Update_ComesBack_IsOverNoLonger()
    {
        Next(Severity.Critical);
        for (var round = 0; round < 3; round++)
        {
            Next(null);
        }

        Assert.Empty(Next(Severity.Critical).Over);
    }

    [Fact]
    public void Update_NoteThatGoes_IsNotRemembered()
    {
        Next(Severity.Info);
        for (var round = 0; round < 3; round++)
        {
            Assert.Empty(Next(null).Over);
        }
    }

    [Fact]
    public void Update_ManyOver_AreBounded()
    {
        for (var pod = 0; pod < FindingTracker.MaxOver + 5; pod++)
        {
            var finding = DiagnosisEngineTests.Make("close-wait-leak", Severity.Critical, new(SubjectKind.Pod, "shop", $"web-{pod}"));
            _tracker.Update(new([finding], new(Verdict.Ok, "")), Given.Noon + (_scan++ * Given.Interval));
        }

        for (var round = 0; round < 3; round++)
        {
            Next(null);
        }

        Assert.Equal(FindingTracker.MaxOver, Next(null).Over.Length);
    }

    /// <summary>A finding is not an hour older when somebody sets the clock, nor does it begin in the future and wait for that.</summary>
    [Theory]
    [InlineData(3600)]
    [InlineData(-3600)]
    public void Move_ClockIsSet_FindingsMoveWithIt(int seconds)
    {
        var step = TimeSpan.FromSeconds(seconds);
        var finding = DiagnosisEngineTests.Make("close-wait-leak", Severity.Warning, s_web) with { Patience = Given.Interval };
        Assert.Empty(At(Given.Noon, finding).Findings);
        _tracker.Move(step);
        var shown = Assert.Single(At(Given.Noon + step + Given.Interval, finding).Findings);
        Assert.Equal(Given.Noon + step, shown.FirstSeen);

        for (var scan = 2; scan < 12; scan++)
        {
            _ = At(Given.Noon + step + (scan * Given.Interval));
        }

        _tracker.Move(-step);
        Assert.Equal(Given.Noon + Given.Interval, Assert.Single(At(Given.Noon + (12 * Given.Interval)).Over).Until);

        DiagnosisResult At(DateTimeOffset now, params Finding[] findings) =>
            _tracker.Update(new([.. findings], new(Verdict.Ok, "")) { Present = [s_web] }, now);
    }

    private DiagnosisResult Explained(Severity severity) => _tracker.Update(
        new([DiagnosisEngineTests.Make("container-restarting", severity, s_web)], new(Verdict.Ok, "")) { Present = [s_web], Explained = [("close-wait-leak", s_web)] },
        Given.Noon + _scan++ * Given.Interval);

    private DiagnosisResult Next(Severity? severity, TimeSpan patience) => Next(severity, null, patience);

    private DiagnosisResult Next(Severity? severity, FindingSubject[]? present = null, TimeSpan patience = default)
    {
        Finding[] findings = severity is { } known ? [DiagnosisEngineTests.Make("close-wait-leak", known, s_web) with { Patience = patience }] : [];
        return _tracker.Update(new([.. findings], new(Verdict.Ok, "")) { Present = [.. present ?? [s_web]] }, Given.Noon + _scan++ * Given.Interval);
    }
}
