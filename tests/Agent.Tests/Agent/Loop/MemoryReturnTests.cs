using Agent.Loop;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Agent.Loop;

public class MemoryReturnTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly MemoryReturn _memory;

    public MemoryReturnTests() => _memory = new(_time);

    [Fact]
    public void IsDue_FirstScanThatNoneFollows_AtOnce()
    {
        Assert.True(_memory.IsDue(goesOn: false, out var isFirst));
        Assert.True(isFirst);
    }

    [Fact]
    public void IsDue_TableIsLeftToTheNextScan_AfterThatOne()
    {
        Assert.False(_memory.IsDue(goesOn: true, out _));
        _time.Advance(TimeSpan.FromMilliseconds(300));

        Assert.True(_memory.IsDue(goesOn: false, out var isFirst));
        Assert.True(isFirst);
    }

    [Fact]
    public void IsDue_ScansThatFollowOneAnotherClosely_AfterSomeOfThem()
    {
        var returned = 0;
        for (var scan = 0; scan < 60; scan++)
        {
            returned += _memory.IsDue(goesOn: false, out var isFirst) ? 1 : 0;
            Assert.Equal(scan == 0, isFirst);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(15, returned);
    }

    [Fact]
    public void IsDue_ScansAtTheirUsualInterval_AfterEach()
    {
        for (var scan = 0; scan < 10; scan++)
        {
            Assert.True(_memory.IsDue(goesOn: false, out _));
            _time.Advance(TimeSpan.FromSeconds(15));
        }
    }
}
