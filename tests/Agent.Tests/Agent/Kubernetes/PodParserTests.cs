using System.Text;
using System.Text.Json;
using Agent.Core.Model;
using Agent.Kubernetes;
using Agent.Outside;
using Xunit;

namespace Agent.Tests.Kubernetes;

public sealed class PodParserTests
{
    [Fact]
    public void TryParse_PodOfADeployment_KeepsWhatIsUsed()
    {
        var pod = Parse(Fixture("web.json"));
        Assert.Equal("shop", pod.Namespace);
        Assert.Equal("web-6d4cf56db6-x2x7p", pod.Name);
        Assert.Equal("0b1f3c9e-6a53-4f0e-9f0f-1c2d3e4f5a6b", pod.Uid);
        Assert.Equal("Deployment/web", pod.Workload?.DisplayName);
        Assert.Equal("Running", pod.Phase);
        Assert.False(pod.HostNetwork);
        Assert.False(pod.Ready);
        Assert.Equal(new DateTimeOffset(2026, 11, 20, 8, 1, 30, TimeSpan.Zero), pod.ReadyChangedAt);
        Assert.Equal(new DateTimeOffset(2026, 11, 20, 8, 2, 0, TimeSpan.Zero), pod.DeletionTimestamp);
        Assert.Equal(new DateTimeOffset(2026, 11, 20, 8, 1, 30, TimeSpan.Zero), pod.DeletionRequestedAt);
        Assert.Equal(30, pod.TerminationGracePeriodSeconds);
        Assert.Equal(new DateTimeOffset(2026, 11, 19, 7, 0, 1, TimeSpan.Zero), pod.StartTime);
        Assert.Equal(["10.244.1.7", "fd00:10:244:1::7"], pod.Addresses.Select(address => address.ToString()));
        Assert.Equal("web", pod.Labels["app"]);
        Assert.Equal(["config.linkerd.io/close-wait-timeout", "sidecar.istio.io/inject"], pod.Annotations.Keys.Order());
        Assert.Equal(5, pod.Restarts);
    }

    [Fact]
    public void TryParse_Containers_JoinSpecAndStatus()
    {
        var containers = Parse(Fixture("web.json")).Containers;
        Assert.Equal(["linkerd-proxy", "app"], containers.Select(container => container.Name));
        Assert.True(containers[0].IsSidecar);
        Assert.Equal(1, containers[0].Restarts);
        Assert.Equal(new KubernetesProbe(ProbeKind.Http, 4191, 10, 1, 3), containers[0].ReadinessProbe);

        var app = containers[1];
        Assert.False(app.IsSidecar);
        Assert.Equal(4, app.Restarts);
        Assert.Equal([8080, 9090], app.Ports.Select(port => (int)port));
        Assert.Equal(new KubernetesProbe(ProbeKind.Http, 8080, 5, 2, 4), app.ReadinessProbe);
        Assert.Equal(new KubernetesProbe(ProbeKind.Exec, null, 10, 1, 3), app.LivenessProbe);
        Assert.True(app.HasPreStop);
        Assert.Equal(15, app.PreStopSleepSeconds);
        Assert.Equal("OOMKilled (137)", app.LastTerminationReason);
        Assert.Equal(new DateTimeOffset(2026, 11, 20, 6, 0, 0, TimeSpan.Zero), app.LastTerminatedAt);
    }

    [Fact]
    public void TryParse_StaticPod_KnowsItsHashAndItsNode()
    {
        var pod = Parse(Fixture("static.json"));
        Assert.Equal("2f7c1e5a9b8d4c3e6f0a1b2c3d4e5f60", pod.ConfigHash);
        Assert.Equal("Node/worker-1", pod.Workload?.DisplayName);
        Assert.True(pod.HostNetwork);
        Assert.Equal(new KubernetesProbe(ProbeKind.Grpc, 2379, 10, 1, 3), pod.Containers[0].ReadinessProbe);
        Assert.Equal(new KubernetesProbe(ProbeKind.Tcp, null, 10, 1, 3), pod.Containers[0].LivenessProbe);
    }

    [Theory]
    [InlineData("Succeeded")]
    [InlineData("Failed")]
    public void TryParse_FinishedPod_HasNoAddresses(string phase)
    {
        Assert.Empty(Parse($$$"""{"metadata":{"namespace":"a","name":"b","uid":"c"},"status":{"phase":"{{{phase}}}","podIP":"10.0.0.1","podIPs":[{"ip":"10.0.0.1"}]}}""").Addresses);
    }

    [Fact]
    public void TryParse_OnlyPodIp_IsTheAddress()
    {
        var pod = Parse("""{"metadata":{"namespace":"a","name":"b","uid":"c"},"status":{"phase":"Running","podIP":"10.0.0.1"}}""");
        Assert.Equal("10.0.0.1", Assert.Single(pod.Addresses).ToString());
    }

    [Fact]
    public void TryParse_FieldsOfOtherTypes_AreUnknown()
    {
        var pod = Parse("""
            {"metadata":{"namespace":"a","name":"b","uid":"c","labels":["x"],"annotations":{"linkerd.io/x":7},"deletionTimestamp":5,
              "ownerReferences":{"kind":"Job"}},"spec":{"containers":{"name":"x"},"hostNetwork":"yes","terminationGracePeriodSeconds":1e99},
              "status":{"phase":3,"podIPs":[{"ip":"nowhere"},7,null],"conditions":"none","startTime":"yesterday"}}
            """);
        Assert.Null(pod.Workload);
        Assert.Null(pod.Ready);
        Assert.Null(pod.DeletionTimestamp);
        Assert.Null(pod.StartTime);
        Assert.Null(pod.TerminationGracePeriodSeconds);
        Assert.False(pod.HostNetwork);
        Assert.Equal("", pod.Phase);
        Assert.Empty(pod.Addresses);
        Assert.Empty(pod.Labels);
        Assert.Empty(pod.Annotations);
        Assert.Empty(pod.Containers);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"metadata":{"namespace":"a","name":"b"}}""")]
    [InlineData("""{"metadata":{"namespace":"a","name":"","uid":"c"}}""")]
    [InlineData("""{"metadata":{"namespace":"a","name":"\ud800","uid":"c"}}""")]
    [InlineData("""{"metadata":{"namespace":"..","name":"b","uid":"c"}}""")]
    [InlineData("""{"metadata":{"namespace":"a","name":"b/../../secrets","uid":"c"}}""")]
    [InlineData("""{"metadata":{"namespace":"a","name":"%2e%2e","uid":"c"}}""")]
    public void TryParse_NoIdentity_IsFalse(string json)
    {
        using var document = OutsideJson.Parse(Encoding.UTF8.GetBytes(json));
        Assert.False(PodParser.TryParse(document.RootElement, out _));
    }

    [Theory]
    [InlineData("ReplicaSet", "web-6d4cf56db6", """{"pod-template-hash":"6d4cf56db6"}""", "Deployment/web")]
    [InlineData("ReplicaSet", "web-6d4cf56db6", """{"pod-template-hash":"other"}""", "ReplicaSet/web-6d4cf56db6")]
    [InlineData("ReplicaSet", "6d4cf56db6", """{"pod-template-hash":"6d4cf56db6"}""", "ReplicaSet/6d4cf56db6")]
    [InlineData("ReplicaSet", "web", "{}", "ReplicaSet/web")]
    [InlineData("ReplicaSet", "api-7f9", """{"rollouts-pod-template-hash":"7f9"}""", "Rollout/api")]
    [InlineData("StatefulSet", "db", "{}", "StatefulSet/db")]
    [InlineData("DaemonSet", "proxy", "{}", "DaemonSet/proxy")]
    [InlineData("Job", "backup-29895361", "{}", "CronJob/backup")]
    [InlineData("Job", "backup-1793721660", "{}", "CronJob/backup")]
    [InlineData("Job", "import-20261103", "{}", "Job/import-20261103")]
    [InlineData("Job", "backup-29800000", "{}", "Job/backup-29800000")]
    [InlineData("Job", "migrate", "{}", "Job/migrate")]
    public void Find_Controller_IsTheWorkload(string kind, string name, string labels, string expected)
    {
        using var document = JsonDocument.Parse($$"""
            {"creationTimestamp":"2026-11-03T16:01:03Z","labels":{{labels}},
             "ownerReferences":[{"kind":"Other","name":"x"},{"controller":true,"kind":"{{kind}}","name":"{{name}}"}]}
            """);
        Assert.Equal(expected, WorkloadName.Find(document.RootElement)?.DisplayName);
    }

    [Fact]
    public void Find_OwnerThatIsNoController_IsNoWorkload()
    {
        using var document = JsonDocument.Parse("""{"ownerReferences":[{"kind":"ConfigMap","name":"x","controller":false}]}""");
        Assert.Null(WorkloadName.Find(document.RootElement)?.DisplayName);
    }

    [Theory]
    [InlineData("""{"sleep":{"seconds":7}}""", 7)]
    [InlineData("""{"exec":{"command":["sleep","15"]}}""", 15)]
    [InlineData("""{"exec":{"command":["/bin/sleep","0.5s"]}}""", 1)]
    [InlineData("""{"exec":{"command":["sleep","2m"]}}""", 120)]
    [InlineData("""{"exec":{"command":["sh","-c","sleep 10"]}}""", 10)]
    [InlineData("""{"exec":{"command":["/bin/bash","-c","/bin/sleep 20 && nginx -s quit"]}}""", 20)]
    [InlineData("""{"exec":{"command":["/bin/sh","-c","sleep 5; kill 1"]}}""", 5)]
    [InlineData("""{"exec":{"command":["sh","-c","sleep 5 &"]}}""", null)]
    [InlineData("""{"exec":{"command":["sh","-c","sleep $DELAY"]}}""", null)]
    [InlineData("""{"exec":{"command":["sh","-c","nginx -s quit; sleep 5"]}}""", null)]
    [InlineData("""{"exec":{"command":["sleep","1","2","3"]}}""", null)]
    [InlineData("""{"exec":{"command":["sleep","infinity"]}}""", null)]
    [InlineData("""{"exec":{"command":["sleep",""]}}""", null)]
    [InlineData("""{"exec":{"command":[]}}""", null)]
    [InlineData("""{"httpGet":{"path":"/drain","port":80}}""", null)]
    [InlineData("null", null)]
    public void Find_PreStop_ReadsTheWait(string preStop, int? expected)
    {
        using var document = JsonDocument.Parse(preStop);
        Assert.Equal(expected, PreStopSleep.Find(document.RootElement));
    }

    internal static string Fixture(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Fixtures", "kubernetes", name));

    private static KubernetesPod Parse(string json)
    {
        using var document = OutsideJson.Parse(Encoding.UTF8.GetBytes(json));
        Assert.True(PodParser.TryParse(document.RootElement, out var pod));
        return pod;
    }
}
