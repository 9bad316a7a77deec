using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace Agent.EndToEndTests.Monitoring;

/// <summary>deploy/monitoring/alertmanager.yaml, by a real Alertmanager (Debian package prometheus-alertmanager).</summary>
public sealed partial class InhibitionTests : IAsyncLifetime
{
    private static readonly string s_configuration = Repository.PathOf("deploy/monitoring/alertmanager.yaml");

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("closewatch-alertmanager-");
    private readonly Uri _address = new($"http://127.0.0.1:{FreePort()}");
    private Process? _process;

    public async ValueTask InitializeAsync()
    {
        _process = Process.Start(Command.StartInfo(
        [
            "prometheus-alertmanager", "--config.file=" + s_configuration, "--storage.path=" + _directory.FullName, "--cluster.listen-address=",
            "--web.listen-address=" + _address.Authority, "--log.level=error",
        ]))!;
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
        await Eventually.TrueAsync("Alertmanager answers", async () => (await AmtoolAsync("alert", "query")).ExitCode == 0, TimeSpan.FromSeconds(30));
    }

    public async ValueTask DisposeAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task Rules_Amtool_AcceptsThemAndTheirAlertsExist()
    {
        (await Command.RunAsync(["amtool", "check-config", s_configuration])).Checked();
        var used = AlertName().Matches(File.ReadAllText(s_configuration)).Select(static match => match.Value);

        Assert.Subset(AlertTests.Names.Select(static row => row.Data).ToHashSet(StringComparer.Ordinal), used.ToHashSet(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Consequences_BesideTheirCause_AreNotSent()
    {
        await RaiseAsync("ClosewatchHostTimeoutShort", "warning", "node=n1");
        await RaiseAsync("ClosewatchHalfClosedExpiring", "warning", "node=n1", "namespace=shop", "pod=cart");
        await RaiseAsync("ClosewatchHalfClosedExpiring", "warning", "node=n2", "namespace=shop", "pod=other");
        await RaiseAsync("ClosewatchHalfClosedUntracked", "critical", "node=n1", "namespace=shop", "pod=cart");
        await RaiseAsync("ClosewatchConntrackTableNearlyFull", "critical", "node=n1");
        await RaiseAsync("ClosewatchConntrackDrops", "critical", "node=n1");
        await RaiseAsync("ClosewatchResetOnReuse", "critical", "node=n1", "namespace=shop", "pod=cart");
        await RaiseAsync("ClosewatchWarningFinding", "warning", "node=n1", "namespace=shop", "pod=cart", "finding=backend-closes-idle-first");
        await RaiseAsync("ClosewatchWarningFinding", "warning", "node=n1", "namespace=shop", "pod=other", "finding=backend-closes-idle-first");

        Assert.Equal(
            ["ClosewatchConntrackDrops n1 ", "ClosewatchHalfClosedExpiring n1 cart", "ClosewatchWarningFinding n1 cart"], await NamesAsync("--inhibited"));
        Assert.Equal(
            [
                "ClosewatchConntrackTableNearlyFull n1 ", "ClosewatchHalfClosedExpiring n2 other", "ClosewatchHalfClosedUntracked n1 cart",
                "ClosewatchHostTimeoutShort n1 ", "ClosewatchResetOnReuse n1 cart", "ClosewatchWarningFinding n1 other",
            ],
            await NamesAsync("--active"));
    }

    private async Task RaiseAsync(string name, params string[] labels) =>
        (await AmtoolAsync(["alert", "add", name, "severity=" + labels[0], "cluster=prod", .. labels[1..]])).Checked();

    private async Task<IEnumerable<string>> NamesAsync(string state)
    {
        using var alerts = JsonDocument.Parse((await AmtoolAsync("alert", "query", state, "-o", "json")).Checked().Output);
        return [.. alerts.RootElement.EnumerateArray().Select(static alert => alert.GetProperty("labels")).Select(static labels =>
            $"{Label(labels, "alertname")} {Label(labels, "node")} {Label(labels, "pod")}").Order(StringComparer.Ordinal)];
    }

    private Task<CommandResult> AmtoolAsync(params string[] arguments) => Command.RunAsync(["amtool", "--alertmanager.url=" + _address, .. arguments]);

    private static string Label(JsonElement labels, string name) => labels.TryGetProperty(name, out var value) ? value.GetString()! : "";

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    [GeneratedRegex(@"Closewatch\w+")]
    private static partial Regex AlertName();
}
