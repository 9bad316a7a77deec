using Agent.Kernel.Net;
using Agent.Kubernetes;
using Agent.Tests.Kubernetes.Testing;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Agent.Tests.Kubernetes;

public sealed class ClusterPeersTests
{
    private const string Services =
        """
        {"kind":"ServiceList","metadata":{"resourceVersion":"9"},"items":[
          {"metadata":{"namespace":"shop","name":"cart"},"spec":{"clusterIP":"10.96.0.50","clusterIPs":["10.96.0.50","fd00:96::50"]}},
          {"metadata":{"namespace":"shop","name":"headless"},"spec":{"clusterIP":"None"}},
          {"metadata":{"namespace":"..","name":"forged"},"spec":{"clusterIP":"10.96.0.66"}}, 7]}
        """;

    [Fact]
    public async Task Ask_AService_IsFoundInTheListAndNoPodIsAskedFor()
    {
        await using var rig = await WatcherRig.CreateAsync();
        using var client = Client(rig);
        var peers = Peers(client, rig);
        rig.Server.Then(200, Services);

        await peers.AskAsync([Address("10.96.0.50"), Address("fd00:96::50")], TestContext.Current.CancellationToken);

        Assert.Equal("service shop/cart", peers.Names[Address("10.96.0.50")]);
        Assert.Equal("service shop/cart", peers.Names[Address("fd00:96::50")]);
        Assert.Equal("/api/v1/services", (await rig.Server.NextRequestAsync()).Path);

        // Neither is asked for again soon: the server has no further answer.
        await peers.AskAsync([Address("10.96.0.50")], TestContext.Current.CancellationToken);
        Assert.Equal("service shop/cart", Assert.Single(peers.Names).Value);
    }

    [Theory]
    [InlineData("shop/web-1", "{'phase':'Running'}", "{}")]
    [InlineData("node worker-7", "{'phase':'Running'}", "{'hostNetwork':true,'nodeName':'worker-7'}")]
    [InlineData(null, "{'phase':'Succeeded'}", "{}")]
    public async Task Ask_AnAddressOfNoService_IsThePodsOrTheNodesThatUsesIt(string? expected, string status, string spec)
    {
        await using var rig = await WatcherRig.CreateAsync();
        using var client = Client(rig);
        var peers = Peers(client, rig);
        rig.Server.Then(200, Services).Then(200, Pods(Pod("web-1", status, spec)));

        await peers.AskAsync([Address("10.88.2.7")], TestContext.Current.CancellationToken);

        Assert.Equal(expected, peers.Names.GetValueOrDefault(Address("10.88.2.7")));
        await rig.Server.NextRequestAsync();
        Assert.Equal("status.podIP=10.88.2.7", (await rig.Server.NextRequestAsync()).Query["fieldSelector"]);
    }

    [Fact]
    public async Task Ask_AnAddressThatTwoPodsHave_IsNobodys()
    {
        await using var rig = await WatcherRig.CreateAsync();
        using var client = Client(rig);
        var peers = Peers(client, rig);
        rig.Server.Then(200, Services).Then(200, Pods(Pod("old", "{'phase':'Running'}", "{}"), Pod("new", "{'phase':'Running'}", "{}")));

        await peers.AskAsync([Address("10.88.2.7")], TestContext.Current.CancellationToken);

        Assert.Empty(peers.Names);
    }

    /// <summary>However many peers there are, a round asks for four of them, and only so many are looked at.</summary>
    [Fact]
    public async Task Ask_ManyAddresses_AFewARound()
    {
        await using var rig = await WatcherRig.CreateAsync();
        using var client = Client(rig);
        var peers = Peers(client, rig);
        var asked = 0;
        rig.Server.Otherwise = async context =>
        {
            Interlocked.Increment(ref asked);
            await context.Response.WriteAsync(context.Request.Path == "/api/v1/services" ? Services : Pods(Pod("web", "{}", "{}")));
        };
        IpAddress[] many = [.. Enumerable.Range(0, 5_000).Select(static i => IpAddress.FromIPv4(0x0B00_0000u + (uint)i))];

        await peers.AskAsync(many, TestContext.Current.CancellationToken);

        Assert.Equal(1 + ClusterPeers.QuestionsARound, asked);
        await peers.AskAsync(many, TestContext.Current.CancellationToken);
        Assert.Equal(1 + (2 * ClusterPeers.QuestionsARound), asked);
        for (var round = 0; round < 300; round++)
        {
            await peers.AskAsync(many, TestContext.Current.CancellationToken);
        }

        Assert.Equal(ClusterPeers.MaxAddresses, peers.Names.Count);
        Assert.Equal(1 + ClusterPeers.MaxAddresses, asked);
    }

    [Fact]
    public async Task Ask_NotAllowedToListServices_IsSaidOnceAndPodsAreStillNamed()
    {
        await using var rig = await WatcherRig.CreateAsync();
        using var client = Client(rig);
        var peers = Peers(client, rig);
        rig.Server.Then(403, PodJson.Status(403, "Forbidden", "no")).Then(200, Pods(Pod("web-1", "{}", "{}")));

        await peers.AskAsync([Address("10.88.2.7")], TestContext.Current.CancellationToken);
        rig.Time.Advance(TimeSpan.FromMinutes(1));
        await peers.AskAsync([Address("10.88.2.7")], TestContext.Current.CancellationToken);

        Assert.Equal("shop/web-1", peers.Names[Address("10.88.2.7")]);
        Assert.Contains("deploy/components/peer-names", Assert.Single(rig.Log), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(500, "oops")]
    [InlineData(200, "garbage")]
    [InlineData(200, "[")]
    public async Task Ask_NoAnswer_NothingIsNamedAndNothingAskedForAMinute(int status, string body)
    {
        await using var rig = await WatcherRig.CreateAsync();
        using var client = Client(rig);
        var peers = Peers(client, rig);
        var asked = 0;
        rig.Server.Otherwise = async context =>
        {
            Interlocked.Increment(ref asked);
            context.Response.StatusCode = status;
            await context.Response.WriteAsync(body);
        };

        await peers.AskAsync([Address("10.88.2.7")], TestContext.Current.CancellationToken);
        await peers.AskAsync([Address("10.88.2.7")], TestContext.Current.CancellationToken);

        Assert.Equal(2, asked);
        Assert.Empty(peers.Names);
    }

    private static ApiServerClient Client(WatcherRig rig) => new(new ApiServerLocation(rig.Server.Address, rig.TokenFile, rig.CertificateAuthorityFile), rig.Time);

    private static ClusterPeers Peers(ApiServerClient client, WatcherRig rig) => new(client, rig.Time, new Random(1), rig.Logger);

    private static string Pods(params string[] pods) => $$"""{"kind":"PodList","metadata":{"resourceVersion":"9"},"items":[{{string.Join(',', pods)}}]}""";

    private static string Pod(string name, string status, string spec) =>
        $$"""{"metadata":{"namespace":"shop","name":"{{name}}"},"status":{{status.Replace('\'', '"')}},"spec":{{spec.Replace('\'', '"')}}}""";

    private static IpAddress Address(string text) => IpAddress.TryParse(text, out var address) ? address : throw new ArgumentException(text);
}
