using System.Runtime.CompilerServices;
using Agent.Core.Diagnosis;
using Agent.Hosting;
using Agent.Loop;
using Agent.Tests.Agent.Hosting;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Agent.Loop;

public class MemoryReturnTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly List<bool> _returned = [];
    private readonly MemoryReturn _memory;

    public MemoryReturnTests() => _memory = new(_time, _returned.Add);

    [Fact]
    public void AfterScan_FirstScanThatNoneFollows_AtOnce()
    {
        _memory.AfterScan(goesOn: false);

        Assert.Equal([true], _returned);
    }

    [Fact]
    public void AfterScan_TableIsLeftToTheNextScan_AfterThatOne()
    {
        _memory.AfterScan(goesOn: true);
        Assert.Empty(_returned);
        _time.Advance(TimeSpan.FromMilliseconds(300));
        _memory.AfterScan(goesOn: false);

        Assert.Equal([true], _returned);
    }

    [Fact]
    public void AfterScan_ScansThatFollowOneAnotherClosely_AfterSomeOfThem()
    {
        for (var scan = 0; scan < 60; scan++)
        {
            _memory.AfterScan(goesOn: false);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal([true, .. Enumerable.Repeat(false, 14)], _returned);
    }

    [Fact]
    public void AfterScan_ScansAtTheirUsualInterval_AfterEach()
    {
        for (var scan = 0; scan < 10; scan++)
        {
            _memory.AfterScan(goesOn: false);
            _time.Advance(TimeSpan.FromSeconds(15));
        }

        Assert.Equal([true, .. Enumerable.Repeat(false, 9)], _returned);
    }

    /// <summary>What an agent does of which nothing else is said.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ReturnMemory_OfTheAgent_LeavesNoGarbage(bool isFirst)
    {
        var settings = new AgentHostSettings
        {
            Configuration = TestAgent.Configure(null),
            CreateScanner = static (_, _) => throw new InvalidOperationException(),
            Diagnose = static (_, _) => new([], new(Verdict.Ok, "")),
        };
        var garbage = Garbage();

        settings.ReturnMemory(isFirst);

        Assert.False(garbage.IsAlive);
    }

    // Of generation 2 from the beginning.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Garbage() => new(new byte[1_000_000]);
}
