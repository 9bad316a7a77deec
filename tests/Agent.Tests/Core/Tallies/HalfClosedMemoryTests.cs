using Agent.Core.Tallies;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Core.Tallies;

public sealed class HalfClosedMemoryTests
{
    private readonly HalfClosedMemory _memory = new();

    [Theory]
    [InlineData(7, 7, true)]
    [InlineData(7, 8, false)] // another socket of the same two ends
    [InlineData(7, 0, true)] // its process has closed it: the kernel keeps no inode
    [InlineData(0, 7, true)]
    public void See_SameEndsAgain_OnlyTheSameSocketHasAPast(ulong before, ulong now, bool isSame)
    {
        _memory.Begin(TimeSpan.FromSeconds(5));
        _memory.At(_memory.See(1, 2, before)).Set(HalfClosedMarks.WasInHostTable, true);
        _memory.ForgetUnseen();
        _memory.Begin(TimeSpan.FromSeconds(35));
        ref var record = ref _memory.At(_memory.See(1, 2, now));
        Assert.Equal(TimeSpan.FromSeconds(isSame ? 30 : 0), _memory.Watched(record));
        Assert.Equal(isSame, record.Has(HalfClosedMarks.WasInHostTable));
    }

    [Fact]
    public void See_TwiceInOneScan_IsOneSocket()
    {
        _memory.Begin(TimeSpan.Zero);
        Assert.True(_memory.See(1, 2, 7) >= 0);
        Assert.Equal(-1, _memory.See(1, 2, 7));
        Assert.True(_memory.See(1, 3, 7) >= 0);
        Assert.Equal(2, _memory.Count);
    }

    [Fact]
    public void See_AfterAScanWithoutIt_HasNoPast()
    {
        _memory.Begin(TimeSpan.Zero);
        _memory.See(1, 2, 7);
        _memory.ForgetUnseen();
        _memory.Begin(TimeSpan.FromSeconds(1));
        _memory.ForgetUnseen();
        Assert.Equal(0, _memory.Count);
        _memory.Begin(TimeSpan.FromSeconds(2));
        Assert.Equal(TimeSpan.Zero, _memory.Watched(_memory.At(_memory.See(1, 2, 7))));
    }

    /// <summary>Compared with a dictionary, while sockets come and go by the ten thousand and the table grows and shrinks.</summary>
    [Fact]
    public void See_ManyThatComeAndGo_RemembersEachRightly()
    {
        var random = new Random(4711);
        var expected = new Dictionary<ulong, int>();
        foreach (var size in (int[])[100, 50_000, 70_000, 3, 20_000, 0, 1_000])
        {
            for (var round = 0; round < RandomCases.Of(3); round++)
            {
                var now = expected.Count == 0 ? 1 : expected.Values.Max() + 1;
                _memory.Begin(TimeSpan.FromSeconds(now));
                var next = new Dictionary<ulong, int>();
                foreach (var hash in expected.Keys.Take(size / 2).Concat(Enumerable.Range(0, size / 2).Select(_ => (ulong)random.NextInt64())))
                {
                    var first = next[hash] = expected.GetValueOrDefault(hash, now);
                    var watched = _memory.Watched(_memory.At(_memory.See(hash, 1, 1)));
                    if (watched != TimeSpan.FromSeconds(now - first))
                    {
                        Assert.Fail($"{hash} was first seen at {first}, and at {now} has been watched for {watched}");
                    }
                }

                _memory.ForgetUnseen();
                expected = next;
                Assert.Equal(expected.Count, _memory.Count);
            }
        }
    }
}
