using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Agent.Configuration;
using Agent.Core.Attribution;
using Agent.Core.Diagnosis;
using Agent.Core.Model;
using Agent.Core.Remediation;
using Agent.Exporting;
using Agent.Hosting;
using Agent.Kubernetes;
using Agent.Loop;
using Agent.Remediation;
using Agent.Reporting;
using Agent.Tests.Core.Reporting;
using Agent.Tests.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Xunit;

namespace Agent.Tests.Agent.Outside;

/// <summary>
/// Every reader of text that others write, against what they may write: objects of the API, kube-proxy's configuration, the state file,
/// the configuration, queries, names. Nothing may throw but what is documented.
/// </summary>
public sealed class HostileTextTests : IDisposable
{
    private const string Configz =
        """{"kubeproxy.config.k8s.io":{"conntrack":{"maxPerCore":32768,"min":131072,"tcpEstablishedTimeout":"24h0m0s","tcpCloseWaitTimeout":"1h0m0s","tcpBeLiberal":true}}}""";

    private const string State =
        """{"schema":"closewatch.remediation/v1","bootId":"boot","values":[{"scope":"pods","namespace":"shop","name":"web","uid":"u","namespaceInode":4026532000,"sysctl":"nf_conntrack_tcp_timeout_close_wait","original":60,"written":3600,"writtenAt":"2026-11-21T03:00:00Z"}]}""";

    private const string Configuration =
        """{"Collection":{"Interval":"15s","CpuBudgetPercent":1.5},"Diagnosis":{"Upstream":"gclb","LeakCount":5},"Http":{"Listen":"http://127.0.0.1:9742"},"Pods":{"NodeName":"n1"},"Remediation":{"Mode":"dry-run","PodSelector":"app=web","Settings":{"nf_conntrack_tcp_timeout_close_wait":3600}}}""";

    private static readonly string s_pod = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Fixtures", "kubernetes", "web.json"));

    private readonly string _directory = Directory.CreateTempSubdirectory("closewatch-hostile-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void ApiObjects_Hostile_AreReadOrRefused() => Hostile.Try(
        8_000,
        static random => (byte[])[.. "{\"type\":\"MODIFIED\",\"object\":"u8, .. Hostile.Json(s_pod, random), (byte)'}'],
        static frame => _ = WatchEvent.Parse(frame),
        static exception => exception is JsonException);

    [Fact]
    public void ApiErrors_Hostile_AreErrors() => Hostile.Try(
        20_000,
        static random => Hostile.Json("""{"kind":"Status","message":"too old","reason":"Expired","code":410,"details":{"retryAfterSeconds":7}}""", random),
        static body => _ = ApiServerStatus.Parse(System.Net.HttpStatusCode.Gone, body).ToException("the list of pods", null).Message);

    /// <summary>What was taken from the API goes all the way to the findings, to every format of the report and to both of the metrics.</summary>
    [Fact]
    public void ApiObjects_Hostile_AreJudgedAndShown() => Hostile.Try(
        150,
        static random => Hostile.Json(s_pod, random),
        static pod =>
        {
            if (PodOf(pod) is { } parsed)
            {
                Show(TestSnapshots.Of(TestSnapshots.Pod(parsed.Name, closeWait: 3, podNamespace: parsed.Namespace, uid: parsed.Uid) with { Kubernetes = parsed }));
            }
        });

    [Fact]
    public void Names_Hostile_AreShown() => Hostile.Try(100, Hostile.Text, static text =>
    {
        var rich = ReportSamples.RichSnapshot(ReportSamples.Noon, 1);
        Show(rich with
        {
            Node = rich.Node with { Name = text },
            Sources = [.. rich.Sources.Select(source => source with { Detail = text })],
            Pods = [.. rich.Pods.Select((pod, index) => pod with { Identity = new(PodKind.Pod, text, $"{text}{index}", text) })],
        });
    });

    [Fact]
    public void KubeProxyConfigz_Hostile_IsReadOrRefused() => Hostile.Try(
        10_000, static random => Hostile.Json(Configz, random), static json => _ = KubeProxyConfigz.TryParse(json, out _));

    [Fact]
    public void StateFile_Hostile_IsReadOrRefused() => Hostile.Try(1_000, static random => Hostile.Json(State, random), json =>
    {
        File.WriteAllBytes(Path.Combine(_directory, "remediation.json"), json);
        var state = new RemediationState(_directory);
        _ = state.Load("boot");
        Assert.All(state.Values, static pair => _ = pair.Value.Target.DisplayName);
    });

    [Fact]
    public void ConfigurationFile_Hostile_IsTakenOrListsItsErrors() => Hostile.Try(600, static random => Hostile.Json(Configuration, random), json =>
    {
        var file = Path.Combine(_directory, "closewatch.json");
        File.WriteAllBytes(file, json);
        var configuration = AgentConfiguration.Load(new() { File = file });
        Assert.All(configuration.Errors, static error => Assert.NotEmpty(error.ToString()));
    });

    [Fact]
    public void ConfigurationOfOtherSources_Hostile_IsTakenOrListsItsErrors() => Hostile.Try(3_000, static random => (Key: Key(random), Value: Hostile.Text(random)), static setting =>
    {
        var configuration = AgentConfiguration.Load(new()
        {
            DefaultFile = "/nonexistent",
            Environment = ImmutableDictionary<string, string>.Empty.Add("CLOSEWATCH__" + setting.Key.Replace(":", "__", StringComparison.Ordinal), setting.Value),
            Arguments = [$"--{setting.Key}={setting.Value}"],
        });
        Assert.All(configuration.Errors, static error => Assert.NotEmpty(error.ToString()));
        Assert.All(configuration.Settings, static shown => Assert.NotNull(shown.Value));
    });

    [Fact]
    public void ConfigurationKey_Endless_TakesNoTimeOrMemory()
    {
        // As long as a ConfigMap may be.
        var errors = AgentConfiguration.Load(new() { DefaultFile = "/nonexistent", Arguments = [$"--Http:{new string('x', 1_000_000)}=1"] }).Errors;
        Assert.Equal("is not a known key", Assert.Single(errors).Reason);
    }

    [Fact]
    public void Query_Hostile_IsReadOrRefused() => Hostile.Try(20_000, static random => (Name: Query(random), Value: Hostile.Text(random)), static pair =>
    {
        var query = new QueryCollection(new Dictionary<string, StringValues> { [pair.Name] = pair.Value });
        if (ReportQuery.Parse(query, ReportFormat.Text, out _) is { } parsed)
        {
            _ = parsed.ToQueryString();
        }
    });

    [Fact]
    public void SmallTexts_Hostile_AreReadOrRefused() => Hostile.Try(30_000, Hostile.Text, static text =>
    {
        _ = DurationText.TryParse(text, out _);
        _ = DurationValue.TryParseSeconds(text, out _);
        _ = ListenAddress.Parse(text, out _);
        _ = LabelSelector.TryParse(text, out _);
        _ = PodLogDirectoryName.TryParse(text, out _);
        _ = new CgroupClassifier().Classify(Encoding.UTF8.GetBytes($"0::/kubepods.slice/{text}\n"));
        _ = RunningAgent.Printable(Encoding.UTF8.GetBytes(text));
        if (ApiPath.Of("api", "v1", "namespaces", text, "events") is { } path)
        {
            // Four separators and what was put in, as it was put in: nothing leaves its segment.
            var uri = new Uri(new Uri("https://10.0.0.1:6443"), path);
            Assert.Equal(5, uri.Segments.Length - 1);
            Assert.EndsWith("/events", uri.AbsolutePath, StringComparison.Ordinal);
        }
    });

    [Fact]
    public void Log_HostileText_IsOneLineOfJson() => Hostile.Try(2_000, Hostile.Text, static text =>
    {
        var lines = new Lines();
        using var logger = new LoggerConfiguration().WriteTo.Sink(lines).CreateLogger();
        logger.Warning(new InvalidOperationException(text), "Source {Source} is {Detail}", text, new { text });
        using var json = JsonDocument.Parse(Assert.Single(lines.Written).TrimEnd('\n'));
        Assert.DoesNotContain('\n', Assert.Single(lines.Written).TrimEnd('\n'));
    });

    private static KubernetesPod? PodOf(byte[] pod)
    {
        try
        {
            return WatchEvent.Parse((byte[])[.. "{\"type\":\"ADDED\",\"object\":"u8, .. pod, (byte)'}']).Pod;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static void Show(Snapshot snapshot)
    {
        var options = new AgentOptions();
        var diagnosis = DiagnosisEngine.Evaluate(new(snapshot, [snapshot with { TakenAt = snapshot.TakenAt.AddSeconds(-15) }], options.Diagnosis), []);
        var pages = new ReportPages(snapshot, new SnapshotHistory(), diagnosis, options, new("1", "", ""), TimeProvider.System);
        foreach (var format in Enum.GetValues<ReportFormat>())
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(pages.Whole(format));
            Assert.DoesNotContain(text, static character => char.IsControl(character) && character is not ('\n' or '\t'));
        }

        using var json = JsonDocument.Parse(pages.Whole(ReportFormat.Json));
        var families = new global::Agent.Core.Metrics.MetricsBuilder().Build(new()
        {
            Snapshot = snapshot,
            Diagnosis = diagnosis,
            Options = options.Metrics,
            Thresholds = options.Diagnosis,
            Interval = options.Collection.Interval,
            Build = new("1", "", ""),
        });
        _ = new ExpositionRenderer().Render(families);
    }

    private static string Key(Random random) =>
        random.Next(4) == 0 ? Hostile.Text(random) : ConfigurationKeys.All[random.Next(ConfigurationKeys.All.Length)].Name + (random.Next(4) == 0 ? Hostile.Text(random) : "");

    private static string Query(Random random)
    {
        string[] names = ["output", "namespace", "pod", "top", "connections", "quiet", "width", "color", "unicode", Hostile.Text(random)];
        return names[random.Next(names.Length)];
    }

    private sealed class Lines : ILogEventSink
    {
        private readonly JsonLineFormatter _formatter = new();

        public List<string> Written { get; } = [];

        public void Emit(LogEvent logEvent)
        {
            using var text = new StringWriter();
            _formatter.Format(logEvent, text);
            Written.Add(text.ToString());
        }
    }
}
