using Agent.Core.Ends;
using Agent.Tests.Core.Tracing;
using Agent.Tests.Testing;
using Agent.Tracing;
using Xunit;

namespace Agent.Tests.Agent.Tracing;

public sealed class TraceHubTests
{
    private readonly TraceHub _hub = new();

    [Fact]
    public void OnJudged_EachReaderGetsWhatItWants()
    {
        using var all = _hub.TryAttach(new())!;
        using var lost = _hub.TryAttach(new() { LostOnly = true })!;

        _hub.OnJudged(TraceSamples.IdleClose);
        _hub.OnJudged(TraceSamples.Lost);

        Assert.Equal([TraceSamples.IdleClose, TraceSamples.Lost], Drain(all));
        Assert.Equal([TraceSamples.Lost], Drain(lost));
    }

    [Fact]
    public void OnJudged_ReaderThatTakesNothing_LosesLinesAndIsTold_OthersAreNot()
    {
        using var slow = _hub.TryAttach(new())!;
        using var quick = _hub.TryAttach(new())!;
        for (var i = 0; i < TraceReader.Capacity + 100; i++)
        {
            _hub.OnJudged(TraceSamples.IdleClose);
            Assert.True(quick.TryRead(out _));
        }

        Assert.Equal(0, quick.TakeSkipped());
        Assert.Equal(100, slow.TakeSkipped());
        Assert.Equal(0, slow.TakeSkipped());
        Assert.Equal(TraceReader.Capacity, Drain(slow).Count);
    }

    [Fact]
    public void TryAttach_AsManyAsMay_ThenNobodyUntilOneLeaves()
    {
        var readers = Enumerable.Range(0, TraceHub.MaxReaders).Select(_ => _hub.TryAttach(new())).ToArray();
        Assert.DoesNotContain(null, readers);
        Assert.Null(_hub.TryAttach(new()));

        readers[0]!.Dispose();

        Assert.NotNull(_hub.TryAttach(new()));
    }

    [Fact]
    public async Task WaitForReader_EndsWithTheFirst()
    {
        var waiting = _hub.WaitForReaderAsync(TestContext.Current.CancellationToken);
        Assert.False(waiting.IsCompleted);

        using var reader = _hub.TryAttach(new());

        await waiting;
        Assert.True(_hub.HasReaders);
        await _hub.WaitForReaderAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public void OnJudged_NobodyTraces_AllocatesNothing()
    {
        var end = TraceSamples.IdleClose;
        Assert.Equal(0, Allocations.LeastOf(() =>
        {
            for (var i = 0; i < 1000; i++)
            {
                _hub.OnJudged(end);
            }
        }));
    }

    private static List<JudgedEnd> Drain(TraceReader reader)
    {
        var ends = new List<JudgedEnd>();
        while (reader.TryRead(out var end))
        {
            ends.Add(end);
        }

        return ends;
    }
}
