using System.Net;
using System.Net.Sockets;
using Agent.Core.Model;
using Agent.Kubernetes;
using Agent.Tests.Kubernetes.Testing;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Agent.Tests.Kubernetes;

/// <summary>An API server that says nothing: whether there is nothing to say, or nobody is there.</summary>
public sealed class PodWatcherSilenceTests
{
    private static readonly string s_list = PodJson.List("1", PodJson.Pod("a", "1"));

    [Fact]
    public async Task List_Hangs_IsGivenUpAfterTheTimeout()
    {
        await using var rig = await WatcherRig.CreateAsync();
        rig.Server.Then(context => Task.Delay(Timeout.Infinite, rig.Server.Until(context))).ThenList(s_list).ThenWatch();
        await rig.StartAsync();
        await rig.Server.NextRequestAsync();
        rig.Time.Advance(ApiServerClient.HeadersTimeout);
        await rig.UntilPodsAsync("a");
        Assert.Contains(rig.Log, line => line.Contains("went silent", StringComparison.Ordinal));
    }

    /// <summary>As behind a firewall, or while the server starts: it was told as an error of this program.</summary>
    [Fact]
    public async Task Connect_NobodyAnswersTheHandshake_TheServerCanNotBeReached()
    {
        await using var rig = await WatcherRig.CreateAsync();
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var address = new Uri($"https://{silent.LocalEndpoint}");
        using var client = new ApiServerClient(new(address, rig.TokenFile, rig.CertificateAuthorityFile), TimeProvider.System, TimeSpan.FromMilliseconds(50));

        var exception = await Assert.ThrowsAsync<ApiServerException>(() => client.GetAsync("/api/v1/pods", "the list of pods", TestContext.Current.CancellationToken));

        Assert.Equal(ApiServerFailure.Unreachable, exception.Failure);
        Assert.StartsWith($"the API server at {address.Authority} can not be reached for the list of pods: ", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watch_SilentDespiteBookmarks_IsGivenUpAndGoesOn()
    {
        await using var rig = await WatcherRig.CreateAsync();
        rig.Server.ThenList(s_list).ThenWatch(PodJson.Event("ADDED", PodJson.Pod("b", "2", "2")) + PodJson.Bookmark("8"));
        for (var i = 0; i < 5; i++)
        {
            // The clock may move on while the answer to the first of them is on its way.
            rig.Server.ThenWatch(PodJson.Event("DELETED", PodJson.Pod("b", "2", "9")));
        }

        await rig.StartAsync();
        await rig.UntilPodsAsync("a", "b");
        await rig.Server.NextRequestAsync();
        await rig.Server.NextRequestAsync();
        var third = rig.Server.NextRequestAsync();
        while (!third.IsCompleted)
        {
            // The clock moves only as often as needed: the client may not have begun to wait for the next bytes.
            rig.Time.Advance(TimeSpan.FromMinutes(1));
            await Task.WhenAny(third, Task.Delay(20, TestContext.Current.CancellationToken));
        }

        Assert.Equal("8", (await third).Version);
        await rig.UntilPodsAsync("a");
    }

    [Fact]
    public async Task Watch_BookmarkOnlyAtTheEnd_PromisesNoOthers()
    {
        await using var rig = await WatcherRig.CreateAsync();
        rig.Server.ThenList(s_list).Then(async context =>
        {
            await TellAsync(context, PodJson.Event("ADDED", PodJson.Pod("b", "2", "7")));
            await rig.UntilPodsAsync("a", "b");
            rig.Time.Advance(TimeSpan.FromSeconds(int.Parse(context.Request.Query["timeoutSeconds"]!, null) - 2));
            await TellAsync(context, PodJson.Bookmark("8"));
        }).Then(async context =>
        {
            await TellAsync(context, PodJson.Event("ADDED", PodJson.Pod("c", "3", "9")));
            await rig.UntilPodsAsync("a", "b", "c");
            rig.Time.Advance(TimeSpan.FromMinutes(4));
            await TellAsync(context, PodJson.Event("ADDED", PodJson.Pod("d", "4", "10")));
            await Task.Delay(Timeout.Infinite, rig.Server.Until(context));
        });
        await rig.StartAsync();
        await rig.UntilPodsAsync("a", "b", "c", "d");
        Assert.Empty(rig.Delays);
    }

    [Fact]
    public async Task Watch_BreaksAfterALongQuietTime_IsANewFailure()
    {
        await using var rig = await WatcherRig.CreateAsync();
        var status = new TaskCompletionSource<SourceStatus>();
        rig.Server.ThenList(s_list).Then(401, "").Then(async context =>
        {
            await context.Response.Body.FlushAsync();
            await rig.UntilAsync(view => view.Status == SourceStatus.Ok);
            rig.Time.Advance(TimeSpan.FromMinutes(4));
            context.Abort();
        }).Then(async context =>
        {
            status.SetResult(rig.View.Status);
            await TellAsync(context, PodJson.Event("ADDED", PodJson.Pod("b", "2", "7")));
            await Task.Delay(Timeout.Infinite, rig.Server.Until(context));
        });
        await rig.StartAsync();
        await rig.UntilPodsAsync("a", "b");
        Assert.Equal(SourceStatus.Ok, await status.Task);
        Assert.All(rig.Delays, delay => Assert.InRange(delay, TimeSpan.Zero, TimeSpan.FromSeconds(1)));
    }

    private static async Task TellAsync(HttpContext context, string text)
    {
        await context.Response.WriteAsync(text);
        await context.Response.Body.FlushAsync();
    }
}
