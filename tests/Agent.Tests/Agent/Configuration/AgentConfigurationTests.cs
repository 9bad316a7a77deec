using System.Collections.Immutable;
using Agent.Configuration;
using Agent.Core.Model;
using Xunit;

namespace Agent.Tests.Agent.Configuration;

public sealed class AgentConfigurationTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("closewatch-config-").FullName;

    private string DefaultFile => Path.Combine(_directory, "closewatch.json");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Load_NothingGiven_IsTheDefaults()
    {
        var configuration = Load();

        Assert.Empty(configuration.Errors);
        Assert.Equal(new AgentOptions().Collection, configuration.Options.Collection);
        Assert.Equal(new Thresholds(), configuration.Options.Diagnosis);
        Assert.Null(configuration.File);
        Assert.All(configuration.Settings, static setting => Assert.Equal("default", setting.Origin));
    }

    [Fact]
    public void Load_AllSources_LaterWinsAndOriginIsKept()
    {
        File.WriteAllText(DefaultFile, """
            {
              // comments are allowed
              "Collection": { "Interval": "20s", "Conntrack": "netlink", "Sockets": "procfs" },
              "Diagnosis": { "LeakCount": 5 },
            }
            """);

        var configuration = Load(
            environment: [("CLOSEWATCH__Collection__Conntrack", "procfs"), ("closewatch__collection__sockets", "off"), ("CLOSEWATCH_PORT", "tcp://10.0.0.1:9742")],
            arguments: ["--Collection:Sockets=auto"],
            overrides: [new("Diagnosis:Upstream", "75s", "option --upstream")]);

        Assert.Empty(configuration.Errors);
        Assert.Equal(DefaultFile, configuration.File);
        Assert.Equal(TimeSpan.FromSeconds(20), configuration.Options.Collection.Interval);
        Assert.Equal(BackendChoice.ProcFs, configuration.Options.Collection.Conntrack);
        Assert.Equal(BackendChoice.Auto, configuration.Options.Collection.Sockets);
        Assert.Equal(TimeSpan.FromSeconds(75), configuration.Options.Diagnosis.Upstream.KeepAlive);
        Assert.Equal($"file {DefaultFile}", Origin(configuration, "Collection:Interval"));
        Assert.Equal("environment CLOSEWATCH__Collection__Conntrack", Origin(configuration, "Collection:Conntrack"));
        Assert.Equal("command line", Origin(configuration, "Collection:Sockets"));
        Assert.Equal("option --upstream", Origin(configuration, "Diagnosis:Upstream"));
        Assert.Equal("default", Origin(configuration, "Diagnosis:LeakAge"));
    }

    [Fact]
    public void Load_SeveralMistakes_AllAreListedWithOriginAndRemedy()
    {
        File.WriteAllText(DefaultFile, """{ "Colection": { "Interval": "20s" }, "Metrics": { "MaxPods": 0 }, "Http": { "KeyFile": "/tls/key.pem" } }""");

        var configuration = Load(
            environment: [("CLOSEWATCH__Diagnosis__LeakAge", "soon"), ("CLOSEWATCH__Remediation__Scope", "pod")],
            arguments: ["--Diagnosis:Upstream=nginz", "--Logging:Level"]);

        var lines = configuration.Errors.Select(static error => error.ToString()).ToArray();
        Assert.Equal(7, lines.Length);
        Assert.Contains($"Colection:Interval = '20s' (file {DefaultFile}): is not a known key; did you mean Collection:Interval?", lines);
        Assert.Contains($"Metrics:MaxPods = '0' (file {DefaultFile}): is out of range; must be from 1 to 100000", lines);
        Assert.Contains(lines, static line => line.StartsWith("Http:KeyFile = '/tls/key.pem'", StringComparison.Ordinal) && line.EndsWith("TLS needs both Http:CertificateFile and Http:KeyFile", StringComparison.Ordinal));
        Assert.Contains(lines, static line => line.StartsWith("Diagnosis:LeakAge = 'soon' (environment CLOSEWATCH__Diagnosis__LeakAge): is not a duration; write", StringComparison.Ordinal));
        Assert.Contains(lines, static line => line.Contains("did you mean pods? it is one of host, pods, host+pods", StringComparison.Ordinal));
        Assert.Contains(lines, static line => line.Contains("did you mean nginx?", StringComparison.Ordinal));
        Assert.Contains("Logging:Level (command line): has no value; write --Logging:Level=VALUE", lines);
    }

    [Fact]
    public void Load_GivenFileMissing_IsAnError()
    {
        var error = Assert.Single(Load(file: "/nonexistent/closewatch.json").Errors);

        Assert.Equal("configuration (file /nonexistent/closewatch.json): does not exist; give a readable JSON file with --config", error.ToString());
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{ "Http": { "Listen": "http://[::1]:1", "listen": "http://[::1]:2" } }""")]
    public void Load_FileIsNotWhatItShouldBe_IsOneErrorInOneLine(string content)
    {
        File.WriteAllText(DefaultFile, content);

        var error = Assert.Single(Load().Errors);

        Assert.StartsWith($"configuration (file {DefaultFile}): is not valid JSON: ", error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.ToString());
    }

    [Fact]
    public void Load_EmptySectionsAndNulls_AreNoMistake()
    {
        File.WriteAllText(DefaultFile, """{ "Http": {}, "Pods": { "NodeName": null }, "Remediation": { "Settings": {} } }""");

        var configuration = Load();

        Assert.Empty(configuration.Errors);
        Assert.Equal(3600, configuration.Options.Remediation.Settings["nf_conntrack_tcp_timeout_close_wait"]);
    }

    [Fact]
    public void Load_RemediationSettings_AreMergedByNameAndTakenAwayWhenEmpty()
    {
        File.WriteAllText(DefaultFile, """{ "Remediation": { "Settings": { "nf_conntrack_tcp_timeout_fin_wait": "2m", "nf_conntrack_tcp_timeout_close_wait": null } } }""");

        var configuration = Load(environment: [("CLOSEWATCH__REMEDIATION__SETTINGS__NF_CONNTRACK_TCP_BE_LIBERAL", "1")]);

        Assert.Empty(configuration.Errors);
        Assert.Equal(
            new Dictionary<string, long> { ["nf_conntrack_tcp_be_liberal"] = 1, ["nf_conntrack_tcp_timeout_fin_wait"] = 120 },
            configuration.Options.Remediation.Settings);
        Assert.Equal("environment CLOSEWATCH__REMEDIATION__SETTINGS__NF_CONNTRACK_TCP_BE_LIBERAL", Origin(configuration, "Remediation:Settings:nf_conntrack_tcp_be_liberal"));
    }

    [Theory]
    [InlineData("net.netfilter.nf_conntrack_max", "1")]
    [InlineData("nf_conntrack_tcp_timeout_close_wait", "-1")]
    [InlineData("nf_conntrack_tcp_timeout_close_wait", "0")]
    [InlineData("nf_conntrack_tcp_timeout_close_wait", "hour")]
    [InlineData("../kernel/panic", "1")]
    public void Load_RemediationSettingWrong_IsAnError(string name, string value) =>
        Assert.Single(Load(arguments: [$"--Remediation:Settings:{name}={value}"]).Errors);

    [Theory]
    [InlineData("ftp://127.0.0.1:1")]
    [InlineData("127.0.0.1:9742")]
    [InlineData("http://user:secret@127.0.0.1:9742")]
    [InlineData("http://127.0.0.1:9742/metrics")]
    [InlineData("https://127.0.0.1:9742")]
    public void Load_ListenWrong_IsAnError(string value) => Assert.Single(Load(arguments: [$"--Http:Listen={value}"]).Errors);

    [Theory]
    [InlineData("Collection:Interval=0")]
    [InlineData("Collection:CpuBudgetPercent=0")]
    [InlineData("Collection:CpuBudgetPercent=NaN")]
    [InlineData("Collection:ProcRoot=proc")]
    [InlineData("Diagnosis:LeakCount=99999999999")]
    [InlineData("Diagnosis:TablePressureWarning=0.95")]
    [InlineData("Diagnosis:TablePressureCritical=1.1")]
    [InlineData("Diagnosis:Upstream=0")]
    public void Load_ValueOutOfRange_IsAnError(string setting) => Assert.Single(Load(arguments: ["--" + setting]).Errors);

    [Fact]
    public void Load_NodeName_ComesFromTheEnvironmentOrTheHost()
    {
        var named = Load(environment: [("NODE_NAME", "worker-3")], hostName: "box");
        var unnamed = Load(hostName: "box");

        Assert.Equal(("worker-3", "environment NODE_NAME"), (named.Options.Pods.NodeName, Origin(named, "Pods:NodeName")));
        Assert.Equal(("box", "host name"), (unnamed.Options.Pods.NodeName, Origin(unnamed, "Pods:NodeName")));
    }

    [Fact]
    public void Reload_FileChanged_GivesTheNewValues()
    {
        File.WriteAllText(DefaultFile, """{ "Diagnosis": { "LeakCount": 5 } }""");
        var first = Load();
        File.WriteAllText(DefaultFile, """{ "Diagnosis": { "LeakCount": 6 } }""");

        Assert.Equal(5, first.Options.Diagnosis.LeakCount);
        Assert.Equal(6, first.Reload().Options.Diagnosis.LeakCount);
    }

    [Fact]
    public void Keys_EveryDefault_ParsesToItself()
    {
        foreach (var key in ConfigurationKeys.All.Where(static key => !key.IsMap && key.Name != "Pods:NodeName"))
        {
            var bound = key.Bind(new AgentOptions(), "", key.Default);

            Assert.Null(bound.Reason);
            Assert.Equal(key.Default, key.Show(bound.Value!).Single().Value);
        }
    }

    private AgentConfiguration Load(
        string? file = null,
        (string Name, string Value)[]? environment = null,
        string[]? arguments = null,
        ConfigurationEntry[]? overrides = null,
        string hostName = "") => AgentConfiguration.Load(new()
        {
            File = file,
            DefaultFile = DefaultFile,
            Environment = (environment ?? []).ToImmutableDictionary(static pair => pair.Name, static pair => pair.Value),
            Arguments = [.. arguments ?? []],
            Overrides = [.. overrides ?? []],
            HostName = hostName,
        });

    private static string Origin(AgentConfiguration configuration, string name) => configuration.Settings.Single(setting => setting.Name == name).Origin;
}
