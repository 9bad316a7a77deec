using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Xunit;

namespace Agent.EndToEndTests.Service;

/// <summary><c>closewatch report</c> beside a running <c>closewatch run</c>, each a process of its own that shares the configuration by its environment, as in the DaemonSet's pod.</summary>
public sealed class ReportOfTheAgentTests : IDisposable
{
    private const string ByAgent = "by the running agent";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("closewatch-ask-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Report_AgentRuns_PrintsItsScanInEveryFormat()
    {
        await using var agent = await AgentProcess.StartAsync();
        await agent.ReadyAsync();

        foreach (var format in (string[])["text", "markdown", "html"])
        {
            var report = (await ReportAsync(agent, [], "--details", "-o", format)).Checked().Output;
            Assert.Contains(ByAgent, report, StringComparison.Ordinal);
        }

        using var asked = JsonDocument.Parse((await ReportAsync(agent, [], "-o", "json")).Checked().Output);
        Assert.Equal("agent", asked.RootElement.GetProperty("scan").GetProperty("source").GetString());
        Assert.InRange(asked.RootElement.GetProperty("scan").GetProperty("ageSeconds").GetDouble(), 0, 60);
        Assert.All(asked.RootElement.GetProperty("findings").EnumerateArray(), static finding => Assert.True(finding.TryGetProperty("firstSeen", out _)));

        using var scanned = JsonDocument.Parse((await ReportAsync(agent, [], "-o", "json", "--fresh")).Checked().Output);
        Assert.Equal("command", scanned.RootElement.GetProperty("scan").GetProperty("source").GetString());
        Assert.Equal("--fresh was given", scanned.RootElement.GetProperty("scan").GetProperty("sourceNote").GetString());
    }

    [Fact]
    public async Task Report_OtherUpstreamThanTheAgents_IsScanned()
    {
        await using var agent = await AgentProcess.StartAsync();
        await agent.ReadyAsync();

        Assert.Contains("has other settings (Diagnosis)", (await ReportAsync(agent, [], "--details", "-o", "markdown", "--upstream", "alb")).Checked().Output, StringComparison.Ordinal);
        Assert.Contains(ByAgent, (await ReportAsync(agent, [], "--details", "-o", "markdown", "--upstream", "gclb")).Checked().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Report_AgentWithTlsAndToken_IsAskedWithBoth()
    {
        var token = Path.Combine(_directory.FullName, "token");
        await File.WriteAllTextAsync(token, "s3cret\n", TestContext.Current.CancellationToken);
        var (certificate, key) = await WriteCertificateAsync();
        string[] settings = [$"Http:BearerTokenFile={token}", $"Http:CertificateFile={certificate}", $"Http:KeyFile={key}"];
        await using var agent = await AgentProcess.StartAsync(settings: [.. settings, "Http:Listen=https://127.0.0.1:0"]);
        await Eventually.TrueAsync(
            "the agent has scanned", async () => (await ReportAsync(agent, settings, "--details", "-o", "markdown")).Output.Contains(ByAgent, StringComparison.Ordinal), TimeSpan.FromSeconds(30));

        Assert.Contains("answered 401", (await ReportAsync(agent, settings[1..], "--details", "-o", "markdown")).Checked().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Report_AgentIsStopped_IsScannedAllTheSame()
    {
        await using var agent = await AgentProcess.StartAsync();
        await agent.ReadyAsync();
        await agent.SignalAsync("STOP");

        var report = (await ReportAsync(agent, [], "--details", "-o", "markdown")).Checked().Output;

        Assert.Contains($"by this command: {agent.Address.Authority} has not answered within 3 s", report, StringComparison.Ordinal);
        await agent.SignalAsync("CONT");
    }

    private static Task<CommandResult> ReportAsync(AgentProcess agent, IEnumerable<string> settings, params IReadOnlyList<string> arguments)
    {
        var environment = settings.Append($"Http:Listen={agent.Address.GetLeftPart(UriPartial.Authority)}").Append("Pods:Source=none")
            .Select(static setting => setting.Split('=', 2)).ToDictionary(static setting => "CLOSEWATCH__" + setting[0].Replace(":", "__", StringComparison.Ordinal), static setting => setting[1]);
        return Command.RunAsync([Repository.Closewatch, "report", .. arguments], environment: environment);
    }

    private async Task<(string Certificate, string Key)> WriteCertificateAsync()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=closewatch", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var (certificateFile, keyFile) = (Path.Combine(_directory.FullName, "tls.crt"), Path.Combine(_directory.FullName, "tls.key"));
        await File.WriteAllTextAsync(certificateFile, certificate.ExportCertificatePem(), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(keyFile, key.ExportPkcs8PrivateKeyPem(), TestContext.Current.CancellationToken);
        return (certificateFile, keyFile);
    }
}
