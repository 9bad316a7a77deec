using System.Net;
using System.Net.Sockets;
using Agent.Core.Model;
using Agent.Kubernetes;
using Agent.Tests.Kubernetes.Testing;
using Agent.Tests.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Agent.Tests.Kubernetes;

public sealed class PodWatcherFailureTests
{
    private static readonly string s_list = PodJson.List("1", PodJson.Pod("a", "1"));

    [Fact]
    public async Task Start_NoCluster_SaysSoAndEnds()
    {
        var settings = PodWatcherSettings.Disabled("not running in a Kubernetes cluster");
        using var watcher = new PodWatcher(settings, TimeProvider.System, NullLogger<PodWatcher>.Instance);
        await watcher.StartAsync(TestContext.Current.CancellationToken);
        await watcher.FirstAttempt;
        Assert.Equal((SourceStatus.Unavailable, "not running in a Kubernetes cluster"), (watcher.Current.Status, watcher.Current.Detail));
        Assert.Empty(watcher.Current.Pods);
    }

    [Fact]
    public async Task Current_BeforeTheFirstAnswer_IsUnavailable()
    {
        await using var rig = await WatcherRig.CreateAsync();
        await rig.StartAsync();
        await rig.Server.NextRequestAsync();
        Assert.Equal(SourceStatus.Unavailable, rig.View.Status);
        Assert.Null(rig.View.LastSyncAt);
        Assert.False(rig.Watcher.FirstAttempt.IsCompleted);
    }

    [Fact]
    public async Task List_EmptyForThisNode_AsksForTheNodesName()
    {
        await using var rig = await WatcherRig.CreateAsync();
        rig.Server.ThenList(PodJson.List("1")).ThenWatch();
        await rig.StartAsync();
        var view = await rig.UntilAsync(view => view.Status == SourceStatus.Degraded);
        Assert.Contains("\"worker-1\"", view.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_401ThenARotatedToken_IsAskedForAgainAtOnce()
    {
        await using var rig = await WatcherRig.CreateAsync();
        rig.Server.Then(async context =>
        {
            await File.WriteAllTextAsync(rig.TokenFile, "rotated");
            context.Response.StatusCode = 401;
        }).ThenList(s_list).ThenWatch();
        await rig.StartAsync();
        await rig.UntilPodsAsync("a");
        Assert.Equal($"Bearer {WatcherRig.Token}", (await rig.Server.NextRequestAsync()).Authorization);
        Assert.Equal("Bearer rotated", (await rig.Server.NextRequestAsync()).Authorization);
        Assert.Equal("Bearer rotated", (await rig.Server.NextRequestAsync()).Authorization);
        Assert.Empty(rig.Delays);
    }

    [Fact]
    public async Task Watch_TokenReplacedByTheKubelet_IsUsedForTheNextRequest()
    {
        // As a kubelet updates a projected volume: something new beside the old, and a link renamed over.
        await using var rig = await WatcherRig.CreateAsync();
        Project("first");
        rig.Server.ThenList(s_list).Then(_ =>
        {
            Project("second");
            return Task.CompletedTask;
        }).ThenWatch();
        await rig.StartAsync();

        Assert.Equal("Bearer first", (await rig.Server.NextRequestAsync()).Authorization);
        Assert.Equal("Bearer first", (await rig.Server.NextRequestAsync()).Authorization);
        Assert.Equal("Bearer second", (await rig.Server.NextRequestAsync()).Authorization);
        Assert.Equal(SourceStatus.Ok, rig.View.Status);

        void Project(string token)
        {
            var file = $"{rig.TokenFile}.{token}";
            File.WriteAllText(file, token);
            File.CreateSymbolicLink(rig.TokenFile + "_tmp", file);
            File.Move(rig.TokenFile + "_tmp", rig.TokenFile, overwrite: true);
        }
    }

    [Fact]
    public async Task Watch_401AndTheTokenIsRotatedLater_ComesBack()
    {
        await using var rig = await WatcherRig.CreateAsync();
        rig.Server.ThenList(s_list).Then(401, PodJson.Status(401, "Unauthorized", "Unauthorized")).Then(async context =>
        {
            context.Response.StatusCode = 401;
            await rig.UntilAsync(view => view.Status == SourceStatus.Degraded);
            await File.WriteAllTextAsync(rig.TokenFile, "rotated");
        }).ThenWatch(PodJson.Event("ADDED", PodJson.Pod("b", "2", "2")));
        await rig.StartAsync();
        var view = await rig.UntilPodsAsync("a", "b");
        Assert.Equal(SourceStatus.Ok, view.Status);
        Assert.Single(rig.Log, line => line.StartsWith("Debug: Pods are not followed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task List_403_NamesTheMissingRuleAndTriesSlowly()
    {
        const string message = "pods is forbidden: User system:serviceaccount:kube-system:closewatch cannot list resource pods in API group at the cluster scope";
        await using var rig = await WatcherRig.CreateAsync();
        for (var i = 0; i < 8; i++)
        {
            rig.Server.Then(403, PodJson.Status(403, "Forbidden", message));
        }

        await rig.StartAsync();
        var view = await rig.UntilAsync(view => view.Status == SourceStatus.Unavailable && view.Detail.Contains("403", StringComparison.Ordinal));
        Assert.Contains(message, view.Detail, StringComparison.Ordinal);
        Assert.Contains("list and watch", view.Detail, StringComparison.Ordinal);
        for (var i = 0; i < 9; i++)
        {
            await rig.Server.NextRequestAsync();
        }

        Assert.Contains(rig.Delays, delay => delay > TimeSpan.FromMinutes(1));
        Assert.All(rig.Delays, delay => Assert.InRange(delay, TimeSpan.FromSeconds(0.5), TimeSpan.FromMinutes(5)));
        Assert.Single(rig.Log, line => line.StartsWith("Debug: Pods are not followed", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task List_RetryAfter_IsObeyed(int status)
    {
        await using var rig = await WatcherRig.CreateAsync();
        rig.Server.Then(status, "", response => response.Headers.RetryAfter = "45").ThenList(s_list).ThenWatch();
        await rig.StartAsync();
        await rig.UntilPodsAsync("a");
        Assert.InRange(Assert.Single(rig.Delays), TimeSpan.FromSeconds(45), TimeSpan.FromSeconds(54));
    }

    [Fact]
    public async Task List_5xx_BacksOffWithinBoundsAndRecovers()
    {
        await using var rig = await WatcherRig.CreateAsync();
        for (var i = 0; i < 20; i++)
        {
            rig.Server.Then(500 + (i % 3), "<html>bad gateway</html>");
        }

        rig.Server.ThenList(s_list).ThenWatch();
        await rig.StartAsync();
        var view = await rig.UntilPodsAsync("a");
        Assert.Equal(SourceStatus.Ok, view.Status);
        Assert.Equal(20, rig.Delays.Count);
        Assert.All(rig.Delays, delay => Assert.InRange(delay, TimeSpan.FromSeconds(0.1), TimeSpan.FromSeconds(60)));
        Assert.Contains(rig.Delays, delay => delay > TimeSpan.FromSeconds(30));

        // Readers see the pods a moment before the line is written.
        await Eventually.True(() => rig.Log.Any(static line => !line.StartsWith("Debug:", StringComparison.Ordinal)), "the log says so");
        Assert.Equal(["Information"], rig.Log.Select(line => line[..line.IndexOf(':', StringComparison.Ordinal)]).Where(level => level != "Debug"));
    }

    [Theory]
    [InlineData("hello")]
    [InlineData("")]
    [InlineData("{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"1\"}}")]
    [InlineData("{\"kind\":\"NodeList\",\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[]}")]
    [InlineData("{\"kind\":\"PodList\",\"metadata\":{},\"items\":[]}")]
    [InlineData("{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[{\"a\"")]
    public async Task List_Garbage_IsAFailureAndIsForgotten(string body)
    {
        await using var rig = await WatcherRig.CreateAsync();
        var failed = new TaskCompletionSource<KubernetesView>();
        rig.Server.ThenList(body).Then(async context =>
        {
            failed.SetResult(rig.View);
            await Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(context.Response, s_list);
        }).ThenWatch();
        await rig.StartAsync();
        Assert.Equal(SourceStatus.Failed, (await failed.Task).Status);
        await rig.UntilPodsAsync("a");
        Assert.Equal(SourceStatus.Ok, rig.View.Status);
    }

    [Fact]
    public async Task List_GarbageAmongPods_IsSkippedCountedAndSaid()
    {
        var list = s_list.Replace("\"items\":[", "\"items\":[{\"metadata\":5},{\"a\":x},", StringComparison.Ordinal);
        await using var rig = await WatcherRig.CreateAsync();
        rig.Server.ThenList(list).ThenWatchThatEnds(PodJson.Bookmark("2")).ThenList(s_list).ThenWatch();
        await rig.StartAsync();
        await rig.UntilPodsAsync("a");

        // What was skipped is looked for again by a list once the watch has ended.
        await rig.UntilAsync(view => view.Status == SourceStatus.Ok);
        Assert.Contains(rig.Log, line => line.StartsWith("Warning: Pods are known incompletely: 2 objects", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Watch_Garbage_KeepsThePodsAndGoesOnFromTheLastEvent()
    {
        await using var rig = await WatcherRig.CreateAsync();
        rig.Server.ThenList(s_list).ThenWatch(PodJson.Bookmark("5"), "garbage\n").ThenWatch(PodJson.Event("ADDED", PodJson.Pod("b", "2", "6")));
        await rig.StartAsync();
        await rig.UntilPodsAsync("a", "b");
        await rig.Server.NextRequestAsync();
        await rig.Server.NextRequestAsync();
        Assert.Equal("5", (await rig.Server.NextRequestAsync()).Version);
    }

    [Fact]
    public async Task Watch_FailsAgainAndAgain_ListsAnew()
    {
        await using var rig = await WatcherRig.CreateAsync();
        rig.Server.ThenList(s_list);
        for (var i = 0; i < 3; i++)
        {
            rig.Server.Then(504, PodJson.Status(504, "Timeout", "Timeout: Too large resource version: 1, current: 0"));
        }

        rig.Server.ThenList(PodJson.List("0", PodJson.Pod("restored", "9"))).ThenWatch();
        await rig.StartAsync();
        await rig.UntilPodsAsync("restored");
    }

    [Fact]
    public async Task List_ObjectOf100Megabytes_IsSkippedAndSaid()
    {
        await using var rig = await WatcherRig.CreateAsync();
        rig.Server.Then(async context =>
        {
            var filler = new byte[1024 * 1024];
            Array.Fill(filler, (byte)'x');
            var list = PodJson.List("1", PodJson.Pod("a", "1"), PodJson.Pod("giant", "2"), PodJson.Pod("z", "3"));
            var cut = list.IndexOf("giant", StringComparison.Ordinal);
            await context.Response.WriteAsync(list[..cut]);
            for (var i = 0; i < 100; i++)
            {
                await context.Response.Body.WriteAsync(filler);
            }

            await context.Response.WriteAsync(list[cut..]);
        }).ThenWatch();
        await rig.StartAsync();
        var view = await rig.UntilPodsAsync("a", "z");
        Assert.Equal(SourceStatus.Degraded, view.Status);
        Assert.StartsWith("1 object ", view.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watch_ServerGoneForLong_KeepsThePodsAndTheirAge()
    {
        await using var rig = await WatcherRig.CreateAsync();
        var answers = 0;
        rig.Server.ThenList(s_list).Then(500, "");
        for (var i = 0; i < 5; i++)
        {
            rig.Server.Then(context =>
            {
                // Nothing is said of an interruption shorter than the grace.
                var status = rig.View.Status;
                Assert.Equal(Interlocked.Increment(ref answers) <= 1 ? SourceStatus.Ok : SourceStatus.Degraded, status);
                rig.Time.Advance(TimeSpan.FromSeconds(50));
                context.Response.StatusCode = 502;
                return Task.CompletedTask;
            });
        }

        await rig.StartAsync();
        var view = await rig.UntilAsync(view => view.Detail.Contains("4m10s old", StringComparison.Ordinal));
        Assert.Equal(SourceStatus.Degraded, view.Status);
        Assert.Equal("a", Assert.Single(view.Pods).Name);
        Assert.Equal(5, answers);

        // After minutes the names are still good, but nobody is to be judged by what was true then.
        rig.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(SourceStatus.Failed, rig.View.Status);
        Assert.EndsWith("5m10s old, too old to judge them by", rig.View.Detail, StringComparison.Ordinal);
        Assert.Equal("a", Assert.Single(rig.View.Pods).Name);
        Assert.Single(rig.Log, line => line.StartsWith("Debug: Pods are not followed", StringComparison.Ordinal));
    }

    /// <summary>Every wait is as long as it says here. The server forgets its history while it is away, as one that is restarted does.</summary>
    [Fact]
    public async Task Watch_ServerAwayForAnHour_IsAskedSeldomAndListedOnceWhenItIsBack()
    {
        await using var rig = await WatcherRig.CreateAsync();
        var away = TimeSpan.FromHours(1);
        var left = rig.Time.GetUtcNow();
        var attempts = 0;
        rig.DelayPasses = true;
        rig.Server.ThenList(s_list).Then(static context =>
        {
            context.Abort();
            return Task.CompletedTask;
        });
        rig.Server.Otherwise = async context =>
        {
            if (rig.Time.GetUtcNow() - left < away)
            {
                attempts++;
                Assert.True(context.Request.Query.ContainsKey("watch"));
                Assert.Equal("a", Assert.Single(rig.View.Pods).Name);
                context.Abort();
                return;
            }

            // Nobody lists at the instant at which the server is back.
            var isWatch = context.Request.Query.ContainsKey("watch");
            var version = context.Request.Query["resourceVersion"].ToString();
            if (isWatch && version == "1")
            {
                await context.Response.WriteAsync(PodJson.Error(410, "Expired"));
            }
            else if (isWatch)
            {
                await context.Response.Body.FlushAsync(context.RequestAborted);
                await Task.Delay(Timeout.Infinite, rig.Server.Until(context));
            }
            else
            {
                await context.Response.WriteAsync(PodJson.List("900", PodJson.Pod("a", "1"), PodJson.Pod("b", "2")));
            }
        };

        await rig.StartAsync();
        var view = await rig.UntilPodsAsync("a", "b");

        Assert.Equal(SourceStatus.Ok, view.Status);
        // Between a tenth of a minute and a minute each, about 109 on average, after the first few seconds.
        Assert.InRange(attempts, 60, 250);
        Assert.All(rig.Delays, static delay => Assert.InRange(delay, TimeSpan.FromSeconds(0.1), TimeSpan.FromSeconds(60)));
        Assert.Single(rig.Log, static line => line.StartsWith("Debug: Pods are not followed", StringComparison.Ordinal));
        var lists = 0;
        for (var request = 0; request < attempts + 4; request++)
        {
            lists += (await rig.Server.NextRequestAsync()).IsWatch ? 0 : 1;
        }

        Assert.Equal(2, lists);
    }

    [Fact]
    public async Task Start_ConnectionRefused_IsAFailureThatNamesTheServer()
    {
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var address = new Uri($"http://127.0.0.1:{((IPEndPoint)closed.LocalEndpoint).Port}");
        closed.Stop();
        await using var rig = await WatcherRig.CreateAsync();
        await rig.StartAsync(address);
        var view = await rig.UntilAsync(view => view.Status == SourceStatus.Failed);
        Assert.Contains(address.Authority, view.Detail, StringComparison.Ordinal);
        Assert.Contains("Connection refused", view.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_NoToken_IsUnavailableUntilThereIsOne()
    {
        await using var rig = await WatcherRig.CreateAsync();
        File.Delete(rig.TokenFile);
        rig.Server.ThenList(s_list).ThenWatch();
        await rig.StartAsync();
        var view = await rig.UntilAsync(view => view.Detail.Contains("automountServiceAccountToken", StringComparison.Ordinal));
        Assert.Equal(SourceStatus.Unavailable, view.Status);
        File.WriteAllText(rig.TokenFile, WatcherRig.Token);
        await rig.UntilPodsAsync("a");
    }

    [Theory]
    [InlineData("")]
    [InlineData("two\nlines")]
    public async Task Start_TokenFileWithSomethingElse_SendsNothing(string content)
    {
        await using var rig = await WatcherRig.CreateAsync();
        File.WriteAllText(rig.TokenFile, content);
        await rig.StartAsync();
        var view = await rig.UntilAsync(view => view.Detail.Contains("holds no token", StringComparison.Ordinal));
        Assert.Equal(SourceStatus.Unavailable, view.Status);
    }

    [Fact]
    public async Task Anything_IsSaidOrLogged_WithoutTheToken()
    {
        await using var rig = await WatcherRig.CreateAsync();
        rig.Server.Then(401, "").Then(403, "").Then(500, "x").Then(200, "x").Then(410, "").ThenList(s_list).ThenWatch("x").ThenWatch();
        await rig.StartAsync();
        await rig.UntilPodsAsync("a");
        Assert.NotEmpty(rig.Log);
        Assert.DoesNotContain(rig.Log, line => line.Contains(WatcherRig.Token, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Stop_DuringAWatch_EndsAtOnce()
    {
        await using var rig = await WatcherRig.CreateAsync();
        rig.Server.ThenList(s_list).ThenWatch();
        await rig.StartAsync();
        await rig.Server.NextRequestAsync();
        await rig.Server.NextRequestAsync();
        await rig.Watcher.StopAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.True(rig.Watcher.ExecuteTask!.IsCompletedSuccessfully);
    }
}
