using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Agent.Commands;
using Agent.Configuration;
using Agent.Core.Diagnosis;
using Agent.Reporting;
using Agent.Tests.Agent.Commands;
using Agent.Tests.Agent.Hosting;
using Agent.Tests.Core.Reporting;
using Xunit;

namespace Agent.Tests.Agent.Reporting;

/// <summary><c>closewatch report</c> where an agent runs, or something else is on its port.</summary>
public sealed class RunningAgentTests
{
    private const string BootId = "0f0e0d0c-0000-4000-8000-000000000000";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private static readonly ReportQuery s_text = new(ReportFormat.Text, new(), new());

    [Theory]
    [InlineData("text")]
    [InlineData("json")]
    [InlineData("markdown")]
    [InlineData("html")]
    [InlineData("text", "--namespace", "shop", "--connections", "1")]
    [InlineData("json", "--pod", "cart-0", "--top", "1")]
    [InlineData("html", "--top", "1", "--connections", "1")]
    [InlineData("markdown", "--quiet")]
    [InlineData("text", "--quiet")]
    public async Task Report_OfTheAgent_IsWhatTheCommandWouldHavePrinted(string format, params string[] options)
    {
        using var scanner = Scanner();
        await using var agent = await StartAsync(scanner);
        string[] arguments = ["report", "-o", format, .. options];
        var diagnosis = new DiagnosisResult([], Headline.Of([], []));

        var asked = new CommandLine { Diagnosis = diagnosis, Agent = query => Ask(agent, query) };
        Assert.Equal(ExitCode.Done, await asked.RunAsync(arguments));
        var scanned = new CommandLine { Diagnosis = diagnosis };
        Assert.Equal(ExitCode.Done, await scanned.RunAsync(arguments));

        Assert.Equal(0, ((FakeNodeScanner)asked.Scanner).Scans);
        Assert.Equal(WithoutOrigin(scanned.Output), WithoutOrigin(asked.Output));
        // The verdict alone does not say who scanned.
        Assert.Equal(options.Contains("--quiet"), scanned.Output == asked.Output);
    }

    [Theory]
    [InlineData("--fresh")]
    [InlineData("--window", "1ms")]
    public async Task Report_WhatNoAgentCanGive_IsScannedAndSaysWhy(params string[] options)
    {
        var line = new CommandLine { Agent = static _ => throw new InvalidOperationException("asked") };

        Assert.Equal(ExitCode.Done, await line.RunAsync(["report", .. options]));
        Assert.Contains($"\nScan     by this command: {options[0]} was given", line.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("critical", ExitCode.FindingsAtOrAbove)]
    [InlineData("warning", ExitCode.FindingsAtOrAbove)]
    [InlineData(null, ExitCode.Done)]
    public async Task FailOn_ReportOfTheAgent_ExitsByItsWorstFinding(string? limit, int expected)
    {
        var line = new CommandLine { Agent = static _ => Task.FromResult(new AgentAnswer("the report\n", Severity.Critical, "")) };

        Assert.Equal(expected, await line.RunAsync(limit is null ? ["report"] : ["report", "--fail-on", limit]));
        Assert.Equal("the report\n", line.Output);
        Assert.Equal(ExitCode.Done, await new CommandLine { Agent = static _ => Task.FromResult(new AgentAnswer("", Severity.Warning, "")) }.RunAsync("report", "--fail-on", "critical"));
        Assert.Equal(ExitCode.Done, await new CommandLine { Agent = static _ => Task.FromResult(new AgentAnswer("", null, "")) }.RunAsync("report", "--fail-on", "info"));
    }

    [Fact]
    public async Task Ask_AgentOfThisMachine_ReportWithItsAge()
    {
        using var scanner = Scanner();
        await using var agent = await StartAsync(scanner);
        agent.Time.Advance(TimeSpan.FromSeconds(7));

        var answer = await Ask(agent, s_text);

        Assert.Equal("", answer.WhyNot);
        Assert.Matches(@" UTC, 7s ago\b", answer.Report!);
        Assert.DoesNotContain("UTC, ", (await agent.GetAsync("/report")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_OtherSettings_NamesTheSection()
    {
        using var scanner = Scanner();
        await using var agent = await StartAsync(scanner);

        Assert.EndsWith("has other settings (Diagnosis)", (await Ask(agent, s_text, "Diagnosis:Upstream=alb")).WhyNot, StringComparison.Ordinal);
        Assert.EndsWith("has other settings (Collection, Pods)", (await Ask(agent, s_text, "Collection:ProcRoot=/", "Pods:NodeName=n2")).WhyNot, StringComparison.Ordinal);
        Assert.Equal("", (await Ask(agent, s_text, "Collection:Interval=1m", "Metrics:MaxPods=7")).WhyNot);
    }

    [Fact]
    public async Task Ask_OtherMachine_IsNotTaken()
    {
        using var scanner = Scanner();
        await using var agent = await StartAsync(scanner);

        var answer = await new RunningAgent(Options(agent.Address), "another", s_patience).AskAsync(s_text, TestContext.Current.CancellationToken);
        Assert.Equal($"the agent at {agent.Address.Authority} is that of another machine", answer.WhyNot);
        Assert.Null(answer.Report);
        Assert.Contains("no boot id", (await new RunningAgent(Options(agent.Address), "", s_patience).AskAsync(s_text, TestContext.Current.CancellationToken)).WhyNot, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_PodThatTheAgentDoesNotKnow_IsNoAnswer()
    {
        using var scanner = Scanner();
        await using var agent = await StartAsync(scanner);

        var answer = await Ask(agent, s_text with { Options = new() { Pod = "new" } });
        Assert.Equal($"what listens at {agent.Address.Authority} answered 404: it does not know this pod", answer.WhyNot);
    }

    [Fact]
    public async Task Ask_NoScanYet_IsNoAnswer()
    {
        using var release = new SemaphoreSlim(0);
        using var scanner = new FakeScanner((_, _, cancellation) =>
        {
            release.Wait(cancellation);
            return ReportSamples.RichSnapshot(ReportSamples.Noon, 1);
        });
        await using var agent = await TestAgent.StartAsync(scanner);

        Assert.Equal($"what listens at {agent.Address.Authority} answered 503: it has no fresh scan", (await Ask(agent, s_text)).WhyNot);
        release.Release();
    }

    [Fact]
    public async Task Ask_AgentThatReadsNothing_IsNoAnswer()
    {
        using var scanner = new FakeScanner(static (_, _, _) => ReportSamples.Unreadable() with { Node = new("n3", "", BootId, false) });
        await using var agent = await StartAsync(scanner);

        Assert.EndsWith("may not read the conntrack table", (await Ask(agent, s_text)).WhyNot, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_BearerToken_IsSent()
    {
        using var directory = new TemporaryDirectory();
        var file = directory.Write("token", "s3cret\n");
        using var scanner = Scanner();
        await using var agent = await StartAsync(scanner, $"Http:BearerTokenFile={file}");

        Assert.Equal("", (await Ask(agent, s_text, $"Http:BearerTokenFile={file}")).WhyNot);
        Assert.EndsWith("answered 401: it wants another token than that of Http:BearerTokenFile", (await Ask(agent, s_text)).WhyNot, StringComparison.Ordinal);
        var missing = await Ask(agent, s_text, $"Http:BearerTokenFile={file}.missing");
        Assert.Contains("cannot be asked: Could not find file", missing.WhyNot, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_Tls_TrustsTheConfiguredCertificateOnly()
    {
        using var directory = new TemporaryDirectory();
        string[] settings = Certificate(directory, "tls");
        using var scanner = Scanner();
        await using var agent = await StartAsync(scanner, [.. settings, "Http:Listen=https://127.0.0.1:0"]);

        Assert.Equal("", (await Ask(agent, s_text, settings)).WhyNot);
        var other = await Ask(agent, s_text, Certificate(directory, "other"));
        Assert.Equal($"what listens at {agent.Address.Authority} does not have the certificate of Http:CertificateFile", other.WhyNot);
    }

    [Fact]
    public async Task Ask_NobodyThere_SaysWhere()
    {
        var server = new ScriptedServer(null);
        var address = server.Address;
        await server.DisposeAsync();

        Assert.Equal($"no agent runs at {new Uri(address).Authority}", (await Ask(address)).WhyNot);
        Assert.Contains("names no port", (await Ask("http://127.0.0.1:0")).WhyNot, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_HungServer_IsGivenUp()
    {
        await using var server = new ScriptedServer(null);
        var watch = Stopwatch.StartNew();

        var answer = await new RunningAgent(Options(new(server.Address)), BootId, TimeSpan.FromSeconds(0.3)).AskAsync(s_text, TestContext.Current.CancellationToken);

        Assert.EndsWith("has not answered within 0.3 s", answer.WhyNot, StringComparison.Ordinal);
        Assert.True(watch.Elapsed >= TimeSpan.FromSeconds(0.29), $"given up after {watch.Elapsed}");
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.6\r\n", "is no agent")]
    [InlineData("", "is no agent")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "is no agent")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "is no agent of this version")]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n", "answered 302")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n", "is no agent")]
    public async Task Ask_SomethingElseThere_IsNotTaken(string says, string expected)
    {
        await using var server = new ScriptedServer(says);

        var answer = await Ask(server.Address);

        Assert.Null(answer.Report);
        Assert.Contains(expected, answer.WhyNot, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("critical", "fine", true)]
    [InlineData("critical", "\u001b[1;31mfine\u001b[0m\n", true)]
    [InlineData("terrible", "fine", false)]
    [InlineData("critical", "\u001b]0;title\u0007", false)]
    [InlineData("critical", "\u001b[2J", false)]
    [InlineData("critical", "\u001b[31", false)]
    [InlineData("critical", "\u009b2J", false)]
    [InlineData("critical", "\u00ff", false)]
    public async Task Ask_ForgedAgent_CannotSteerTheTerminal(string verdict, string body, bool taken)
    {
        var head = $"Closewatch-Schema: closewatch.report/v1\r\nCloseWatch-Boot-Id: {BootId}\r\nClosewatch-Settings: {AgentSignature.SettingsOf(Options(new("http://127.0.0.1:1")))}\r\n"
            + $"Closewatch-Readable: true\r\nClosewatch-Verdict: {verdict}\r\nContent-Length: {body.Length}\r\n";
        await using var server = new ScriptedServer($"HTTP/1.1 200 OK\r\n{head}\r\n{body}");

        var answer = await Ask(server.Address);

        Assert.Equal(taken ? body : null, answer.Report);
        Assert.Equal(taken ? "" : $"the agent at {new Uri(server.Address).Authority} sent what is no report", answer.WhyNot);
    }

    [Theory]
    [InlineData("http://127.0.0.1:9742", "127.0.0.1:9742")]
    [InlineData("http://*:9742", "127.0.0.1:9742")]
    [InlineData("http://0.0.0.0:80", "127.0.0.1:80")]
    [InlineData("http://localhost:9742", "127.0.0.1:9742")]
    [InlineData("http://[::]:9742", "[::1]:9742")]
    [InlineData("http://10.0.0.5:9742", "127.0.0.1:9742 10.0.0.5:9742")]
    [InlineData("http://[fd00::5]:9742", "127.0.0.1:9742 [fd00::5]:9742")]
    [InlineData("http://10.0.0.5:9742", "10.0.0.5:9742 127.0.0.1:9742", true)]
    [InlineData("http://127.0.0.1:0", "")]
    public void Addresses_OfAListenAddress_AreThoseItCanBeAskedAt(string listen, string expected, bool everywhere = false)
    {
        var http = new HttpOptions { Listen = listen, Reports = everywhere ? ReportAccess.Everywhere : ReportAccess.Loopback };
        Assert.Equal(expected, string.Join(' ', new AgentRequest(http).Addresses().Select(static address => address.ToString())));
    }

    private static FakeScanner Scanner() => new(static (_, _, _) => ReportSamples.RichSnapshot(ReportSamples.Noon, 1));

    private static async Task<TestAgent> StartAsync(FakeScanner scanner, params string[] settings)
    {
        var agent = await TestAgent.StartAsync(scanner, settings);
        await agent.ScannedAsync(scanner, 1);
        return agent;
    }

    private static Task<AgentAnswer> Ask(TestAgent agent, ReportQuery query, params string[] settings) =>
        new RunningAgent(Options(agent.Address, settings), BootId, s_patience).AskAsync(query, TestContext.Current.CancellationToken);

    private static Task<AgentAnswer> Ask(string address) =>
        new RunningAgent(Options(new(address)), BootId, s_patience).AskAsync(s_text, TestContext.Current.CancellationToken);

    private static AgentOptions Options(Uri address, params string[] settings) =>
        TestAgent.Configure(null, [.. settings, $"Http:Listen={address.GetLeftPart(UriPartial.Authority)}"]).Options;

    /// <summary>A report without what says who scanned and when.</summary>
    private static string WithoutOrigin(string report) => string.Join('\n', report.Split('\n').Where(static line =>
        !line.Contains("running agent", StringComparison.Ordinal)
        && !line.Contains("by this command", StringComparison.Ordinal)
        && !line.Contains("--fresh", StringComparison.Ordinal)
        && !line.Contains("\"source\":", StringComparison.Ordinal)
        && !line.Contains("\"sourceNote\":", StringComparison.Ordinal)
        && !line.Contains("\"ageSeconds\":", StringComparison.Ordinal)));

    private static string[] Certificate(TemporaryDirectory directory, string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return
        [
            $"Http:CertificateFile={directory.Write($"{name}.crt", certificate.ExportCertificatePem())}",
            $"Http:KeyFile={directory.Write($"{name}.key", key.ExportPkcs8PrivateKeyPem())}",
        ];
    }
}
