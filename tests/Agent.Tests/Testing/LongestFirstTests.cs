using System.Threading.Channels;
using Xunit;

namespace Agent.Tests.Testing;

public sealed class LongestFirstTests
{
    [Fact]
    public void Order_FirstThenLongest_TheRestAsItWas()
    {
        Type[][] collections = [[typeof(Plain)], [typeof(Short)], [typeof(Other)], [typeof(Plain), typeof(Long)], [typeof(AtOnce)]];

        var ordered = LongestFirst.Order(collections, static collection => collection).Select(static collection => collection[^1]);

        Assert.Equal([typeof(AtOnce), typeof(Long), typeof(Short), typeof(Plain), typeof(Other)], ordered);
    }

    [Fact]
    public async Task RunAsync_TwoAtATime_OneThatWaitsBesideThem()
    {
        var started = Channel.CreateUnbounded<(Type Class, TaskCompletionSource End)>();
        var all = LongestFirst.RunAsync([typeof(Plain), typeof(Long), typeof(Other), typeof(Waiting), typeof(AlsoWaiting), typeof(Short)], static type => [type], 2, async type =>
        {
            var end = new TaskCompletionSource();
            await started.Writer.WriteAsync((type, end));
            await end.Task;
        });

        var running = await StartedAsync(3);
        Assert.Equal([typeof(Long), typeof(Short), typeof(Waiting)], running.Keys.OrderBy(static type => type.Name));
        Assert.False(started.Reader.TryRead(out _));

        running[typeof(Long)].SetResult();
        running[typeof(Short)].SetResult();
        var next = await StartedAsync(2);
        Assert.Equal([typeof(Other), typeof(Plain)], next.Keys.OrderBy(static type => type.Name));

        // Nothing else is left.
        next[typeof(Plain)].SetResult();
        next[typeof(Other)].SetResult();
        var last = await StartedAsync(1);
        Assert.Equal([typeof(AlsoWaiting)], last.Keys);
        last[typeof(AlsoWaiting)].SetResult();
        running[typeof(Waiting)].SetResult();
        await all;

        async Task<Dictionary<Type, TaskCompletionSource>> StartedAsync(int count)
        {
            var classes = new Dictionary<Type, TaskCompletionSource>();
            while (classes.Count < count)
            {
                var (type, end) = await started.Reader.ReadAsync(TestContext.Current.CancellationToken);
                classes.Add(type, end);
            }

            return classes;
        }
    }

    private sealed class Plain;

    private sealed class Other;

    [Lasts(seconds: 20)]
    private sealed class Short;

    [Lasts(seconds: 60)]
    private sealed class Long;

    [Lasts(seconds: 90, Waiting = true)]
    private sealed class Waiting;

    [Lasts(seconds: 80, Waiting = true)]
    private sealed class AlsoWaiting;

    [Lasts(seconds: 5, First = true)]
    private sealed class AtOnce;
}
