using Agent.Core.Model;
using Agent.Kubernetes;
using Agent.Tests.Kubernetes.Testing;
using Agent.Tests.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Agent.Tests.Kubernetes;

public sealed class WorkloadReplicasTests
{
    private static readonly KubernetesPod[] s_pods =
    [
        Pod("a", "Deployment/web"), Pod("b", "Deployment/web"), Pod("c", "StatefulSet/alone"), Pod("d", "DaemonSet/x"), Pod("e", "DaemonSet/x"),
        Pod("f", "Deployment/done") with { Phase = "Succeeded" }, Pod("g", "Deployment/done") with { Phase = "Succeeded" }, Pod("h", null), Pod("i", null),
    ];

    [Fact]
    public async Task AskNext_TwoPodsOfADeployment_AsksOnceAndRemembers()
    {
        await using var rig = await WatcherRig.CreateAsync();
        using var client = Client(rig);
        var replicas = new WorkloadReplicas(client, rig.Time, new Random(1), NullLogger.Instance);
        rig.Server.Then(200, """{"kind":"Deployment","spec":{"replicas":2}}""").Then(200, """{"spec":{"replicas":5}}""");
        Assert.Null(replicas.Find(s_pods[0]));
        Assert.True(await replicas.AskNextAsync(s_pods, TestContext.Current.CancellationToken));
        Assert.Equal(2, replicas.Find(s_pods[0]));
        Assert.Null(replicas.Find(s_pods[2]));
        Assert.Equal("/apis/apps/v1/namespaces/shop/deployments/web", (await rig.Server.NextRequestAsync()).Path);

        rig.Time.Advance(TimeSpan.FromMinutes(10));
        Assert.False(await replicas.AskNextAsync(s_pods, TestContext.Current.CancellationToken));
        rig.Time.Advance(TimeSpan.FromHours(1));
        Assert.True(await replicas.AskNextAsync(s_pods, TestContext.Current.CancellationToken));
        Assert.Equal(5, replicas.Find(s_pods[0]));

        Assert.False(await replicas.AskNextAsync(s_pods.Skip(1), TestContext.Current.CancellationToken));
        Assert.Null(replicas.Find(s_pods[0]));
    }

    [Fact]
    public async Task AskNext_NotAllowed_IsNotAskedAgainForHours()
    {
        await using var rig = await WatcherRig.CreateAsync();
        using var client = Client(rig);
        var replicas = new WorkloadReplicas(client, rig.Time, new Random(1), NullLogger.Instance);
        KubernetesPod[] pods = [.. s_pods, Pod("j", "Deployment/other"), Pod("k", "Deployment/other")];
        rig.Server.Then(403, PodJson.Status(403, "Forbidden", "no"));
        Assert.True(await replicas.AskNextAsync(pods, TestContext.Current.CancellationToken));
        rig.Time.Advance(TimeSpan.FromHours(5));
        Assert.False(await replicas.AskNextAsync(pods, TestContext.Current.CancellationToken));
        Assert.Null(replicas.Find(pods[0]));
    }

    /// <summary>An owner is what whoever made the pod says: no name may lead elsewhere, where the answer would be "forbidden" for all.</summary>
    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("../../secrets")]
    [InlineData("%2e%2e")]
    [InlineData("a/status")]
    public async Task AskNext_ForgedOwner_IsNotAskedForAndOthersAre(string name)
    {
        await using var rig = await WatcherRig.CreateAsync();
        using var client = Client(rig);
        var replicas = new WorkloadReplicas(client, rig.Time, new Random(1), NullLogger.Instance);
        var forged = new Workload(WorkloadKinds.Deployment, name);
        KubernetesPod[] pods = [Pod("x", null) with { Workload = forged }, Pod("y", null) with { Workload = forged }, .. s_pods];
        rig.Server.Then(200, """{"spec":{"replicas":2}}""");
        Assert.True(await replicas.AskNextAsync(pods, TestContext.Current.CancellationToken));
        Assert.Equal("/apis/apps/v1/namespaces/shop/deployments/web", (await rig.Server.NextRequestAsync()).Path);
        Assert.False(await replicas.AskNextAsync(pods, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(404, "")]
    [InlineData(500, "oops")]
    [InlineData(200, "garbage")]
    [InlineData(200, "{\"spec\":{\"replicas\":\"many\"}}")]
    public async Task AskNext_NoAnswer_IsUnknownForAWhile(int status, string body)
    {
        await using var rig = await WatcherRig.CreateAsync();
        using var client = Client(rig);
        var replicas = new WorkloadReplicas(client, rig.Time, new Random(1), NullLogger.Instance);
        rig.Server.Then(status, body);
        Assert.True(await replicas.AskNextAsync(s_pods, TestContext.Current.CancellationToken));
        Assert.Null(replicas.Find(s_pods[0]));
        Assert.False(await replicas.AskNextAsync(s_pods, TestContext.Current.CancellationToken));
    }

    private static ApiServerClient Client(WatcherRig rig) => new(new ApiServerLocation(rig.Server.Address, rig.TokenFile, rig.CertificateAuthorityFile), rig.Time);

    private static KubernetesPod Pod(string name, string? workload) =>
        new() { Namespace = "shop", Name = name, Uid = name, Phase = "Running", Workload = Workloads.Of(workload) };
}
