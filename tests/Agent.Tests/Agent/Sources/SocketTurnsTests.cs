using Agent.Core.Tallies;
using Agent.Kernel.ProcFs;
using Agent.Sources;
using Xunit;

namespace Agent.Tests.Agent.Sources;

public sealed class SocketTurnsTests
{
    private const int Interval = 15;

    private readonly SocketTurns _turns = new();
    private readonly SocketTally _tally = new();

    [Fact]
    public void MustWait_AllCostLessThanHalfOfTheBudget_NobodyDoes()
    {
        var memories = Memories(40, milliseconds: 1.8);
        Assert.All(Scans(memories, 10), static dumps => Assert.Equal(40, dumps));
    }

    // 448 ms a scan, six times what half of one percent is in 15 seconds.
    [Fact]
    public void MustWait_AllCostMore_EachHasItsTurnWithinTheBudget()
    {
        var memories = Memories(250, milliseconds: 1.8);
        var dumps = Scans(memories, 100).ToArray();
        Assert.Equal(250, dumps[0]);
        Assert.All(dumps[1..], static dumps => Assert.InRange(dumps * 1.8, 1, Interval * 10 * 0.5));
        Assert.All(memories, static memory => Assert.InRange(99 * Interval - memory.DumpedAt!.Value.TotalSeconds, 0, 7 * Interval));
    }

    [Fact]
    public void MustWait_OneThatCostsMoreThanAll_HasItsTurn()
    {
        var memories = Memories(3, milliseconds: 1000);
        Assert.All(Scans(memories, 10).Skip(1), static dumps => Assert.Equal(1, dumps));
        Assert.All(memories, static memory => Assert.InRange(9 * Interval - memory.DumpedAt!.Value.TotalSeconds, 0, 2 * Interval));
    }

    // Half of one percent of 15 seconds is 75 ms: 60 for the first and 15 of the others, not 60 and 75.
    [Fact]
    public void MustWait_TheFirstIsExpensive_LeavesTheOthersLess()
    {
        var first = Memory(60, at: -1);
        SocketMemory[] memories = [first, .. Memories(40, milliseconds: 5)];
        Assert.Equal(1 + 3, DuePerScan(memories));
    }

    [Theory]
    [InlineData(0, 15)]
    [InlineData(25, 10)]
    // Never less than half is left, or whoever cannot wait would hide everybody else.
    [InlineData(50, 7)]
    [InlineData(5000, 7)]
    public void MustWait_SomeCannot_TheOthersHaveWhatIsLeftAndAtLeastHalf(int milliseconds, int expected)
    {
        var host = Memory(milliseconds, canRecall: false);
        var memories = Memories(40, milliseconds: 5);
        Assert.Equal(1 + expected, DuePerScan([host, .. memories]));
        Assert.False(_turns.MustWait(host));
    }

    [Fact]
    public void MustWait_NoBudget_NobodyDoes() =>
        Assert.All(Scans(Memories(250, milliseconds: 1.8), 3, budgetPercent: null), static dumps => Assert.Equal(250, dumps));

    [Fact]
    public void MustWait_ScansInQuickSuccession_TriflesNeverDo()
    {
        var memories = Memories(5, milliseconds: 1.8);
        for (var i = 0; i < 10; i++)
        {
            _turns.Begin(memories, TimeSpan.FromMilliseconds(i), 1);
            Assert.DoesNotContain(memories, _turns.MustWait);
        }
    }

    [Fact]
    public void MustWait_ThoseAtRest_CostNothing()
    {
        var memories = Memories(250, milliseconds: 1.8);
        _ = Scans(memories, 2).Last();
        foreach (var memory in memories[..220])
        {
            memory.NoteRest();
        }

        _turns.Begin(memories, TimeSpan.FromSeconds(2 * Interval), 1);
        Assert.DoesNotContain(memories, _turns.MustWait);
    }

    private SocketMemory[] Memories(int count, double milliseconds) =>
        [.. Enumerable.Range(0, count).Select(_ => Memory(milliseconds))];

    private SocketMemory Memory(double milliseconds, int at = 0, bool canRecall = true)
    {
        var memory = new SocketMemory();
        Dump(memory, TimeSpan.FromSeconds(at), TimeSpan.FromMilliseconds(milliseconds), canRecall);
        return memory;
    }

    /// <summary>How many of these are dumped in a scan that follows another.</summary>
    private int DuePerScan(SocketMemory[] memories)
    {
        _turns.Begin([], default, 1);
        _turns.Begin(memories, TimeSpan.FromSeconds(Interval), 1);
        return memories.Count(memory => !_turns.MustWait(memory));
    }

    /// <summary>How many are dumped in each scan.</summary>
    private IEnumerable<int> Scans(SocketMemory[] memories, int count, double? budgetPercent = 1)
    {
        for (var scan = 0; scan < count; scan++)
        {
            var now = TimeSpan.FromSeconds(scan * Interval);
            _turns.Begin(memories, now, budgetPercent);
            var due = memories.Where(memory => !_turns.MustWait(memory)).ToArray();
            foreach (var memory in due)
            {
                Dump(memory, now, memory.Cost);
            }

            yield return due.Length;
        }
    }

    private void Dump(SocketMemory memory, TimeSpan now, TimeSpan cost, bool isWhole = true)
    {
        _tally.Begin(new(isHost: false), 0, 1, null, [], new HalfClosedTable(), null);
        memory.Note(new(now, cost, default(SocketActivity), isWhole), _tally, []);
    }
}
