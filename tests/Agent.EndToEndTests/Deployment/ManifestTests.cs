using System.Text.Json;
using Xunit;

namespace Agent.EndToEndTests.Deployment;

/// <summary>The manifests grant what docs/privileges.md says, and no more.</summary>
public sealed class ManifestTests
{
    private static readonly object[] s_container = ["spec", "template", "spec", "containers", 0];
    // Formats of Prometheus and of collectors, and a chart, which is rendered first (HelmChartTests).
    private static readonly string[] s_notOfKubernetes =
        ["/deploy/helm/", "/monitoring/alerts", "/monitoring/alertmanager", "/monitoring/scrape-config", "/monitoring/opentelemetry-collector"];

    private static readonly string[] s_fullCapabilities = ["NET_ADMIN", "SYS_ADMIN", "SYS_PTRACE"];

    [Fact]
    public async Task AllFiles_Parsed_AreNamedObjects()
    {
        foreach (var file in Directory.EnumerateFiles(Repository.PathOf("deploy"), "*.yaml", SearchOption.AllDirectories).Where(IsManifest))
        {
            foreach (var document in await Manifests.ReadAsync(file))
            {
                Assert.True(document.TryGetProperty("apiVersion", out _), file);
                Assert.True(document.GetProperty("kind").GetString() is "Kustomization" or "Component" || document.At("metadata", "name").GetString()!.Length > 0, file);
            }
        }
    }

    [Fact]
    public async Task BaseDaemonSet_SecurityContext_IsTheFullTier()
    {
        var daemonSet = (await Manifests.ReadAsync("base/daemonset.yaml")).OfKind("DaemonSet");
        var pod = daemonSet.At("spec", "template", "spec");
        var security = daemonSet.At([.. s_container, "securityContext"]);

        Assert.True(pod.GetProperty("hostPID").GetBoolean());
        Assert.True(pod.GetProperty("hostNetwork").GetBoolean());
        Assert.False(pod.TryGetProperty("hostIPC", out _));
        Assert.Equal("RuntimeDefault", pod.At("securityContext", "seccompProfile", "type").GetString());
        Assert.False(security.TryGetProperty("privileged", out _));
        Assert.Equal(0, security.GetProperty("runAsUser").GetInt32());
        Assert.False(security.GetProperty("allowPrivilegeEscalation").GetBoolean());
        Assert.True(security.GetProperty("readOnlyRootFilesystem").GetBoolean());
        Assert.Equal(["ALL"], security.At("capabilities", "drop").Strings());
        Assert.Equal(s_fullCapabilities, security.At("capabilities", "add").Strings());
        Assert.All(daemonSet.At([.. s_container, "volumeMounts"]).EnumerateArray(), mount => Assert.True(mount.GetProperty("readOnly").GetBoolean()));
    }

    [Fact]
    public async Task BaseRole_Rules_OnlyRead()
    {
        var role = (await Manifests.ReadAsync("base/rbac.yaml")).OfKind("ClusterRole");

        var verbs = role.GetProperty("rules").EnumerateArray().SelectMany(rule => rule.GetProperty("verbs").Strings()).Distinct();

        Assert.Equal(["list", "watch", "get"], verbs);
    }

    [Fact]
    public async Task RestrictedPatch_Capabilities_AreNone()
    {
        var patch = (await Manifests.ReadAsync("overlays/restricted/no-capabilities.yaml")).OfKind("DaemonSet");

        Assert.Empty(patch.At([.. s_container, "securityContext", "capabilities", "add"]).Strings());
    }

    [Fact]
    public async Task RemediatePatch_Adds_TwoVolumesAndNoCapability()
    {
        var patch = (await Manifests.ReadAsync("overlays/remediate/writable-sysctls.yaml")).OfKind("DaemonSet");

        Assert.False(patch.At(s_container).TryGetProperty("securityContext", out _));
        Assert.Equal(
            ["/proc/sys", "/var/lib/closewatch"],
            patch.At("spec", "template", "spec", "volumes").EnumerateArray().Select(volume => volume.At("hostPath", "path").GetString()));
    }

    [Theory]
    [InlineData("base", 3, 3)]
    [InlineData("overlays/restricted", 0, 3)]
    [InlineData("overlays/remediate", 3, 5)]
    public async Task Kustomization_Built_GrantsItsTier(string folder, int capabilities, int volumes)
    {
        var documents = await Manifests.BuildAsync(folder);
        Assert.SkipWhen(documents is null, "there is no kubectl with kustomize 5 or later");

        var daemonSet = documents.OfKind("DaemonSet");
        var security = daemonSet.At([.. s_container, "securityContext"]);

        Assert.Equal("closewatch", daemonSet.At("metadata", "namespace").GetString());
        Assert.Equal("closewatch:dev", daemonSet.At([.. s_container, "image"]).GetString());
        Assert.Equal(["ALL"], security.At("capabilities", "drop").Strings());
        Assert.Equal(s_fullCapabilities[..capabilities], security.At("capabilities", "add").Strings());
        Assert.False(security.TryGetProperty("privileged", out _));
        Assert.Equal(volumes, daemonSet.At("spec", "template", "spec", "volumes").GetArrayLength());
        using var configuration = JsonDocument.Parse(documents.OfKind("ConfigMap").At("data", "closewatch.json").GetString()!);
        Assert.Equal(folder == "overlays/remediate", configuration.RootElement.TryGetProperty("Remediation", out _));
    }

    private static bool IsManifest(string path) => !s_notOfKubernetes.Any(part => path.Contains(part, StringComparison.Ordinal));
}
