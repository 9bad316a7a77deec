using System.Collections.Immutable;
using System.Text.Json;
using Agent.Configuration;
using Xunit;

namespace Agent.EndToEndTests.Deployment;

/// <summary>The manifests grant what docs/privileges.md says, and no more.</summary>
public sealed class ManifestTests
{
    private static readonly object[] s_container = ["spec", "template", "spec", "containers", 0];
    // Formats of Prometheus and of collectors, patches of operations (RFC 6902), and a chart, which is rendered first (HelmChartTests).
    private static readonly string[] s_notOfKubernetes =
    [
        "/deploy/helm/", "/monitoring/alerts", "/monitoring/alertmanager", "/monitoring/scrape-config", "/monitoring/opentelemetry-collector",
        ".patch.yaml",
    ];

    private static readonly string[] s_fullCapabilities = ["NET_ADMIN", "SYS_ADMIN", "SYS_PTRACE", "NET_BROADCAST"];

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
        Assert.False(patch.At([.. s_container, "securityContext", "allowPrivilegeEscalation"]).GetBoolean());
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

    /// <summary>The API server means to refuse that (kubernetes#119568), and one day will.</summary>
    [Fact]
    public async Task SysAdmin_AndNoPrivilegeEscalation_AreNeverTogether()
    {
        foreach (var file in Directory.EnumerateFiles(Repository.PathOf("deploy"), "*.yaml", SearchOption.AllDirectories).Where(IsManifest))
        {
            foreach (var document in await Manifests.ReadAsync(file))
            {
                // An SCC that forbids it writes the false into the pod.
                var text = document.GetRawText().Replace(" ", "", StringComparison.Ordinal);
                var forbids = text.Contains("\"allowPrivilegeEscalation\":false", StringComparison.Ordinal);
                Assert.False(text.Contains("SYS_ADMIN", StringComparison.Ordinal) && forbids, file);
            }
        }
    }

    [Theory]
    [InlineData("base", 4, 3)]
    [InlineData("overlays/restricted", 0, 3)]
    [InlineData("overlays/remediate", 4, 5)]
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
        Assert.Equal(capabilities == 0, security.TryGetProperty("allowPrivilegeEscalation", out _));
        Assert.Equal(volumes, daemonSet.At("spec", "template", "spec", "volumes").GetArrayLength());
        using var configuration = JsonDocument.Parse(documents.OfKind("ConfigMap").At("data", "closewatch.json").GetString()!);
        Assert.Equal(folder == "overlays/remediate", configuration.RootElement.TryGetProperty("Remediation", out _));
    }

    [Fact]
    public async Task TlsComponent_Built_AsksForTheTokenAndOpensTheReports()
    {
        var documents = await Manifests.BuildWithAsync("components/tls", "overlays/restricted", "monitoring");
        Assert.SkipWhen(documents is null, "there is no kubectl with kustomize 5 or later");
        var daemonSet = documents.OfKind("DaemonSet");
        var container = daemonSet.At(s_container);
        var http = Configuration(daemonSet).Options.Http;

        Assert.Equal(ReportAccess.Everywhere, http.Reports);
        foreach (var file in (string[])[http.CertificateFile, http.KeyFile, http.BearerTokenFile])
        {
            var directory = Path.GetDirectoryName(file);
            var mount = container.GetProperty("volumeMounts").EnumerateArray().Single(mount => mount.GetProperty("mountPath").GetString() == directory);
            Assert.True(mount.GetProperty("readOnly").GetBoolean());
        }

        Assert.Equal("HTTPS", container.At("livenessProbe", "httpGet", "scheme").GetString());
        Assert.Equal("HTTPS", container.At("readinessProbe", "httpGet", "scheme").GetString());
        var scraped = documents.OfKind("PodMonitor").At("spec", "podMetricsEndpoints", 0);
        Assert.Equal("https", scraped.GetProperty("scheme").GetString());
        Assert.Equal("closewatch-token", scraped.At("authorization", "credentials", "name").GetString());
    }

    [Theory]
    [InlineData("base")]
    [InlineData("overlays/restricted")]
    [InlineData("overlays/remediate")]
    public async Task Kustomization_Built_ServesReportsOnTheLoopbackOnly(string folder)
    {
        var documents = await Manifests.BuildAsync(folder);
        Assert.SkipWhen(documents is null, "there is no kubectl with kustomize 5 or later");

        var http = Configuration(documents.OfKind("DaemonSet")).Options.Http;

        Assert.Equal(("http://192.0.2.1:9742", ReportAccess.Loopback), (http.Listen, http.Reports));
    }

    /// <summary>The configuration that the container's environment makes, as the kubelet expands it: <c>$(NAME)</c> of what stands before.</summary>
    private static AgentConfiguration Configuration(JsonElement daemonSet)
    {
        var environment = ImmutableDictionary<string, string>.Empty;
        foreach (var variable in daemonSet.At([.. s_container, "env"]).EnumerateArray())
        {
            var value = variable.TryGetProperty("value", out var text) ? text.GetString()! : "192.0.2.1";
            foreach (var (name, known) in environment)
            {
                value = value.Replace($"$({name})", known, StringComparison.Ordinal);
            }

            environment = environment.SetItem(variable.GetProperty("name").GetString()!, value);
        }

        var configuration = AgentConfiguration.Load(new() { DefaultFile = "/nonexistent", Environment = environment });
        Assert.Empty(configuration.Errors);
        return configuration;
    }

    private static bool IsManifest(string path) => !s_notOfKubernetes.Any(part => path.Contains(part, StringComparison.Ordinal));
}
