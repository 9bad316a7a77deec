using Agent.Core.Remediation;
using Agent.Remediation;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Agent.Remediation;

public sealed class RewritePacingTests
{
    private static readonly SysctlKey s_key = new(SysctlTarget.HostScope, "", 1, SysctlCatalog.CloseWait);
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void MayWrite_OtherWriterNeverStops_FewRewritesAnHour()
    {
        var pacing = new RewritePacing(_time);
        var rewrites = new List<TimeSpan>();
        for (var elapsed = TimeSpan.Zero; elapsed < TimeSpan.FromHours(24); elapsed += TimeSpan.FromSeconds(15))
        {
            if (pacing.MayWrite(s_key))
            {
                pacing.NoteRewritten(s_key, 60, 3600);
                rewrites.Add(elapsed);
            }

            _time.Advance(TimeSpan.FromSeconds(15));
        }

        Assert.Equal([0, 10, 30, 70], rewrites.Take(4).Select(static time => (int)time.TotalMinutes));
        Assert.Equal(3, rewrites.Count(static time => time < TimeSpan.FromHours(1)));
        Assert.InRange(rewrites.Count, 7, 9);
    }

    [Fact]
    public void Conflicts_OnceRewritten_AreNewsForAnHour()
    {
        var pacing = new RewritePacing(_time);
        pacing.NoteRewritten(s_key, 60, 3600);

        Assert.Equal((1, 60L, 3600L), (pacing.Conflicts.Single().Conflicts, pacing.Conflicts.Single().Found, pacing.Conflicts.Single().Wanted));
        Assert.True(pacing.NoteHeld(s_key, 120));
        Assert.False(pacing.NoteHeld(s_key, 120));
        _time.Advance(TimeSpan.FromMinutes(61));
        Assert.Empty(pacing.Conflicts);
    }

    [Fact]
    public void MayWrite_WallClockIsSet_DoesNotMatter()
    {
        var pacing = new RewritePacing(_time);
        pacing.NoteRewritten(s_key, 60, 3600);

        _time.SetWallClock(TimeSpan.FromDays(400));

        Assert.False(pacing.MayWrite(s_key));
    }

    [Fact]
    public void NoteFailure_AgainAndAgain_TriesLessAndLess()
    {
        var pacing = new RewritePacing(_time);
        pacing.NoteFailure(s_key);
        Assert.False(pacing.MayWrite(s_key));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(pacing.MayWrite(s_key));

        pacing.NoteFailure(s_key);
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.False(pacing.MayWrite(s_key));
        Assert.Empty(pacing.Conflicts);
    }
}
