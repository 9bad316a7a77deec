using System.Text;
using Agent.Core.Model;
using Agent.Tests.Kubernetes.Testing;
using Xunit;

namespace Agent.Tests.Kubernetes;

public sealed class PodWatcherTests
{
    [Fact]
    public async Task Start_ServerAnswers_ListsFromTheCacheAndWatchesOn()
    {
        await using var rig = await WatcherRig.CreateAsync();
        rig.Server.ThenList(PodJson.List("100", PodJson.Pod("b", "2"), PodJson.Pod("a", "1"))).ThenWatch();
        await rig.StartAsync();
        var list = await rig.Server.NextRequestAsync();
        var watch = await rig.Server.NextRequestAsync();
        var view = await rig.UntilPodsAsync("a", "b");
        Assert.Equal((SourceStatus.Ok, ""), (view.Status, view.Detail));
        Assert.Equal(rig.Time.GetUtcNow(), view.LastSyncAt);
        Assert.True(rig.Watcher.FirstAttempt.IsCompleted);

        Assert.Equal("/api/v1/pods", list.Path);
        Assert.Equal("spec.nodeName=worker-1", list.Query["fieldSelector"]);
        Assert.Equal("0", list.Version);
        Assert.False(list.IsWatch);
        Assert.Equal($"Bearer {WatcherRig.Token}", list.Authorization);
        Assert.StartsWith("closewatch/", list.UserAgent, StringComparison.Ordinal);
        Assert.True(watch.IsWatch);
        Assert.Equal("100", watch.Version);
        Assert.Equal("true", watch.Query["allowWatchBookmarks"]);
        Assert.InRange(int.Parse(watch.Query["timeoutSeconds"], null), 300, 600);
        Assert.Equal("spec.nodeName=worker-1", watch.Query["fieldSelector"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Start_Returns_WithTheFirstListOrAfterAMoment(bool hangs)
    {
        await using var rig = await WatcherRig.CreateAsync();
        if (!hangs)
        {
            rig.Server.ThenList(PodJson.List("1", PodJson.Pod("a", "1"))).ThenWatch();
        }

        var starts = rig.StartAsync(patience: TimeSpan.FromSeconds(1));
        await rig.Server.NextRequestAsync();
        if (hangs)
        {
            Assert.False(starts.IsCompleted);
            rig.Time.Advance(TimeSpan.FromSeconds(1));
        }

        await starts.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Equal(hangs ? 0 : 1, rig.View.Pods.Length);
    }

    [Fact]
    public async Task Start_ManyAgentsAtOneInstant_ListAtDifferentTimesWithinTheSpread()
    {
        var spread = TimeSpan.FromSeconds(2);
        var waits = new List<TimeSpan>();
        for (var seed = 0; seed < 20; seed++)
        {
            await using var rig = await WatcherRig.CreateAsync();
            rig.Server.ThenList(PodJson.List("1", PodJson.Pod("a", "1"))).ThenWatch();
            await rig.StartAsync(spread: spread, seed: seed);
            await rig.UntilPodsAsync("a");
            waits.Add(rig.Delays.First());
        }

        Assert.All(waits, wait => Assert.InRange(wait, TimeSpan.Zero, spread));
        Assert.True(waits.Max() - waits.Min() > spread / 2, string.Join(' ', waits));
    }

    [Fact]
    public async Task List_500Pods_AllAreKnown()
    {
        await using var rig = await WatcherRig.CreateAsync();
        rig.Server.ThenList(PodJson.List("1", Enumerable.Range(0, 500).Select(i => PodJson.Pod($"p{i:000}", $"u{i}")))).ThenWatch();
        await rig.StartAsync();
        var view = await rig.UntilAsync(view => view.Pods.Length == 500);
        Assert.Equal(SourceStatus.Ok, view.Status);
        Assert.Equal("p499", view.Pods[^1].Name);
    }

    [Fact]
    public async Task Watch_Events_ChangeAddAndRemove()
    {
        await using var rig = await WatcherRig.CreateAsync();
        rig.Server.ThenList(PodJson.List("1", PodJson.Pod("a", "1"), PodJson.Pod("b", "2"))).ThenWatch(
            PodJson.Event("ADDED", PodJson.Pod("c", "3", "2")),
            PodJson.Event("MODIFIED", PodJson.Pod("a", "1", "3", "Failed")),
            PodJson.Event("DELETED", PodJson.Pod("b", "2", "4")));
        await rig.StartAsync();
        var view = await rig.UntilPodsAsync("a", "c");
        Assert.Equal("Failed", view.Pods[0].Phase);
        Assert.Empty(view.Pods[0].Addresses);
        Assert.Single(view.Pods[1].Addresses);
    }

    [Fact]
    public async Task Watch_FramesCutAtEveryByte_AreUnderstood()
    {
        var frames = PodJson.Event("ADDED", PodJson.Pod("b", "2", "2")) + PodJson.Bookmark("3") + PodJson.Event("DELETED", PodJson.Pod("a", "1", "4"));
        await using var rig = await WatcherRig.CreateAsync();
        rig.Server.ThenList(PodJson.List("1", PodJson.Pod("a", "1"))).Then(async context =>
        {
            foreach (var single in Encoding.UTF8.GetBytes(frames))
            {
                await context.Response.Body.WriteAsync(new[] { single });
                await context.Response.Body.FlushAsync();
            }
        });
        await rig.StartAsync();
        await rig.UntilPodsAsync("b");
        await rig.Server.NextRequestAsync();
        await rig.Server.NextRequestAsync();
        Assert.Equal("4", (await rig.Server.NextRequestAsync()).Version);
        Assert.Empty(rig.Delays);
    }

    [Fact]
    public async Task Watch_EndsAfterABookmark_GoesOnFromIt()
    {
        await using var rig = await WatcherRig.CreateAsync();
        rig.Server.ThenList(PodJson.List("1", PodJson.Pod("a", "1"))).ThenWatchThatEnds(PodJson.Bookmark("77")).ThenWatch();
        await rig.StartAsync();
        await rig.Server.NextRequestAsync();
        Assert.Equal("1", (await rig.Server.NextRequestAsync()).Version);
        var second = await rig.Server.NextRequestAsync();
        Assert.True(second.IsWatch);
        Assert.Equal("77", second.Version);
        Assert.Empty(rig.Delays);
    }

    [Theory]
    [InlineData("Gone")]
    [InlineData("Expired")]
    public async Task Watch_410WithinA200_ListsAgainAfterAWhile(string reason)
    {
        await using var rig = await WatcherRig.CreateAsync();
        rig.Server.ThenList(PodJson.List("1", PodJson.Pod("a", "1"))).ThenWatch(PodJson.Error(410, reason)).ThenList(PodJson.List("9", PodJson.Pod("b", "2"))).ThenWatch();
        await rig.StartAsync();
        var view = await rig.UntilPodsAsync("b");
        Assert.Equal(SourceStatus.Ok, view.Status);
        Assert.InRange(Assert.Single(rig.Delays), TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(11));
        Assert.DoesNotContain(rig.Log, line => line.StartsWith("Warning", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Watch_410AfterAnOutage_ListsSoon()
    {
        await using var rig = await WatcherRig.CreateAsync();
        rig.Server.ThenList(PodJson.List("1", PodJson.Pod("a", "1")));
        for (var i = 0; i < 10; i++)
        {
            rig.Server.Then(503, "");
        }

        rig.Server.ThenWatch(PodJson.Error(410, "Expired")).ThenList(PodJson.List("9", PodJson.Pod("b", "2"))).ThenWatch();
        await rig.StartAsync();
        await rig.UntilPodsAsync("b");
        Assert.Equal(11, rig.Delays.Count);
        Assert.InRange(rig.Delays.Last(), TimeSpan.FromSeconds(0.1), TimeSpan.FromSeconds(11));
    }

    [Fact]
    public async Task Watch_410AgainAndAgain_ListsEverMoreSeldom()
    {
        await using var rig = await WatcherRig.CreateAsync();
        for (var i = 0; i < 10; i++)
        {
            rig.Server.ThenList(PodJson.List("1", PodJson.Pod("a", "1"))).ThenWatch(PodJson.Error(410, "Expired"));
        }

        rig.Server.ThenList(PodJson.List("9", PodJson.Pod("b", "2"))).ThenWatch();
        await rig.StartAsync();
        await rig.UntilPodsAsync("b");
        Assert.Contains(rig.Delays, delay => delay > TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Watch_Plain410_ListsAgain()
    {
        await using var rig = await WatcherRig.CreateAsync();
        rig.Server.ThenList(PodJson.List("1", PodJson.Pod("a", "1"))).Then(410, PodJson.Status(410, "Expired", "too old")).ThenList(PodJson.List("9", PodJson.Pod("b", "2"))).ThenWatch();
        await rig.StartAsync();
        await rig.UntilPodsAsync("b");
        Assert.Single(rig.Delays);
    }

    [Fact]
    public async Task Watch_ConnectionBreaksWithinAFrame_GoesOnFromTheLastWholeOne()
    {
        var lost = PodJson.Event("ADDED", PodJson.Pod("c", "3", "3"));
        await using var rig = await WatcherRig.CreateAsync();
        var seen = new TaskCompletionSource();
        rig.Server
            .ThenList(PodJson.List("1", PodJson.Pod("a", "1")))
            .ThenWatchThatBreaks(seen.Task, PodJson.Event("ADDED", PodJson.Pod("b", "2", "2")), lost[..40])
            .ThenWatch(lost);
        await rig.StartAsync();
        await rig.UntilPodsAsync("a", "b");
        seen.SetResult();
        await rig.UntilPodsAsync("a", "b", "c");
        await rig.Server.NextRequestAsync();
        await rig.Server.NextRequestAsync();
        Assert.Equal("2", (await rig.Server.NextRequestAsync()).Version);
        Assert.Equal(SourceStatus.Ok, rig.View.Status);
    }

    [Fact]
    public async Task Watch_EndsWithinAFrameInGoodOrder_GoesOnFromTheLastWholeOne()
    {
        var lost = PodJson.Event("ADDED", PodJson.Pod("c", "3", "3"));
        await using var rig = await WatcherRig.CreateAsync();
        rig.Server.ThenList(PodJson.List("1", PodJson.Pod("a", "1"))).ThenWatchThatEnds(lost[..40]).ThenWatch(lost);
        await rig.StartAsync();
        await rig.UntilPodsAsync("a", "c");
        Assert.Single(rig.Delays);
    }

    [Fact]
    public async Task Watch_EndsAtOnceAgainAndAgain_IsAskedForEverMoreSeldom()
    {
        await using var rig = await WatcherRig.CreateAsync();
        rig.Server.ThenList(PodJson.List("1", PodJson.Pod("a", "1")));
        for (var i = 0; i < 12; i++)
        {
            rig.Server.ThenWatchThatEnds();
        }

        await rig.StartAsync();
        for (var i = 0; i < 14; i++)
        {
            await rig.Server.NextRequestAsync();
        }

        var delays = rig.Delays.ToArray();
        Assert.Equal(12, delays.Length);
        Assert.InRange(delays[0], TimeSpan.FromSeconds(0.1), TimeSpan.FromSeconds(1));
        Assert.All(delays[7..], delay => Assert.InRange(delay, TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(60)));
    }
}
