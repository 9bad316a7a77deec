using System.Text.Json;
using Agent.Kubernetes;
using Agent.Tests.Kubernetes.Testing;
using Xunit;

namespace Agent.Tests.Kubernetes;

public sealed class PodEventsTests
{
    private static readonly PodEvent[] s_events =
    [
        new("shop", "cart-0", "u-1", "half-closed-untracked", "it holds 7"), new("shop", "cart-1", "u-2", "half-closed-untracked", "it holds 8"),
    ];

    [Fact]
    public async Task Say_TwoPods_ArePostedOnceAsTheServiceAccount()
    {
        await using var rig = await WatcherRig.CreateAsync();
        using var client = Client(rig);
        var events = new PodEvents(client, "worker-1", rig.Time, rig.Logger);
        var posted = new List<string>();
        rig.Server.Otherwise = async context =>
        {
            using var body = await JsonDocument.ParseAsync(context.Request.Body);
            posted.Add($"{context.Request.Method} {context.Request.ContentType} {body.RootElement.GetProperty("involvedObject").GetProperty("name").GetString()}");
            context.Response.StatusCode = 201;
        };

        await events.SayAsync(s_events, TestContext.Current.CancellationToken);
        await events.SayAsync(s_events, TestContext.Current.CancellationToken);

        Assert.Equal(["POST application/json cart-0", "POST application/json cart-1"], posted);
        var request = await rig.Server.NextRequestAsync();
        Assert.Equal("/api/v1/namespaces/shop/events", request.Path);
        Assert.Equal("Bearer " + WatcherRig.Token, request.Authorization);
        Assert.Empty(rig.Log);
    }

    [Fact]
    public async Task Say_NotAllowed_TellsTheRemedyOnceAndIsSilentForHours()
    {
        await using var rig = await WatcherRig.CreateAsync();
        using var client = Client(rig);
        var events = new PodEvents(client, "worker-1", rig.Time, rig.Logger);
        rig.Server.Then(403, PodJson.Status(403, "Forbidden", "events is forbidden: User cannot create"));

        await events.SayAsync(s_events, TestContext.Current.CancellationToken);
        rig.Time.Advance(TimeSpan.FromHours(5));
        await events.SayAsync(s_events, TestContext.Current.CancellationToken);

        Assert.Contains("apply deploy/components/events", Assert.Single(rig.Log), StringComparison.Ordinal);
        rig.Time.Advance(TimeSpan.FromHours(1));
        rig.Server.Then(201, "{}").Then(201, "{}");
        await events.SayAsync(s_events, TestContext.Current.CancellationToken);
        Assert.Single(rig.Log);
    }

    [Fact]
    public async Task Say_ServerInTrouble_GoesOnMinutesLater()
    {
        await using var rig = await WatcherRig.CreateAsync();
        using var client = Client(rig);
        var events = new PodEvents(client, "worker-1", rig.Time, rig.Logger);
        rig.Server.Then(503, "");

        await events.SayAsync(s_events[..1], TestContext.Current.CancellationToken);
        await events.SayAsync(s_events[1..], TestContext.Current.CancellationToken); // silent: a request would hang
        rig.Time.Advance(TimeSpan.FromMinutes(5));
        rig.Server.Then(201, "{}");
        await events.SayAsync(s_events[1..], TestContext.Current.CancellationToken);

        Assert.Single(rig.Log);
    }

    [Fact]
    public async Task Say_NamespaceGone_GoesOnWithTheNext()
    {
        await using var rig = await WatcherRig.CreateAsync();
        using var client = Client(rig);
        var events = new PodEvents(client, "worker-1", rig.Time, rig.Logger);
        rig.Server.Then(404, PodJson.Status(404, "NotFound", "namespaces shop not found")).Then(201, "{}");

        await events.SayAsync(s_events, TestContext.Current.CancellationToken);

        _ = await rig.Server.NextRequestAsync();
        Assert.Equal("/api/v1/namespaces/shop/events", (await rig.Server.NextRequestAsync()).Path);
    }

    private static ApiServerClient Client(WatcherRig rig) => new(new ApiServerLocation(rig.Server.Address, rig.TokenFile, rig.CertificateAuthorityFile), rig.Time);
}
