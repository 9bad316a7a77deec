using System.Text.RegularExpressions;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.EndToEndTests.Monitoring;

/// <summary>deploy/monitoring/alerts.yaml, as Prometheus itself judges it.</summary>
[Lasts(seconds: 8, First = true)]
public sealed partial class AlertTests
{
    private static readonly string s_alerts = File.ReadAllText(Repository.PathOf("deploy/monitoring/alerts.yaml"));
    private static readonly string s_tests = File.ReadAllText(Repository.PathOf("deploy/monitoring/alerts.test.yaml"));

    public static TheoryData<string> Names => [.. AlertName().Matches(s_alerts).Select(static match => match.Groups[1].Value)];

    [Fact]
    public async Task Rules_Promtool_AcceptsThem()
    {
        var result = (await Command.RunAsync(["promtool", "check", "rules", Repository.PathOf("deploy/monitoring/alerts.yaml")])).Checked();

        Assert.Contains($"{Names.Count} rules found", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rules_Promtool_FireAndStayQuietAsTheirTestsSay() =>
        (await Command.RunAsync(["promtool", "test", "rules", Repository.PathOf("deploy/monitoring/alerts.test.yaml")])).Checked();

    [Theory]
    [MemberData(nameof(Names))]
    public void Alert_EachOne_HasATestThatFiresAndOneThatDoesNot(string name)
    {
        Assert.Matches($@"alertname: {name}\n\s+exp_alerts:\n\s+- exp_labels:", s_tests);
        Assert.Matches($@"{{eval_time: \w+, alertname: {name}}}", s_tests);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Alert_EachOne_SaysWhatIsWrongWithValuesAndWhereToReadOn(string name)
    {
        var alert = Text(name);

        Assert.Matches(@"severity: (info|warning|critical)\n", alert);
        Assert.Matches(@"summary: '.+'\n", alert);
        Assert.Contains("{{ $", alert[alert.IndexOf("description:", StringComparison.Ordinal)..], StringComparison.Ordinal);
        var runbook = new Uri(Regex.Match(alert, @"runbook_url: '?([^\n]+?)'?\n").Groups[1].Value, UriKind.Absolute);
        Assert.EndsWith("/docs/findings.md", runbook.AbsolutePath, StringComparison.Ordinal);
        var anchor = Uri.UnescapeDataString(runbook.Fragment[1..]);
        Assert.True(anchor == "{{ $labels.finding }}" || Findings.Ids.Contains(anchor), $"{anchor} is no finding");
    }

    [Fact]
    public void Alert_FindingsExcludedFromTheGeneralOnes_Exist()
    {
        var excluded = Regex.Matches(s_alerts, "finding!~\"([^\"]+)\"").SelectMany(static match => match.Groups[1].Value.Split('|')).ToHashSet(StringComparer.Ordinal);

        Assert.NotEmpty(excluded);
        Assert.Subset(Findings.Ids.ToHashSet(StringComparer.Ordinal), excluded);
    }

    /// <summary>One setting: what settings.py says is written to every alert, and --check sees that it was.</summary>
    [Fact]
    public async Task Runbooks_AnotherAddressInSettings_IsWrittenEverywhere()
    {
        var scratch = Directory.CreateTempSubdirectory("closewatch-alerts-");
        try
        {
            (await Command.RunAsync(["cp", "-r", Repository.PathOf("deploy/monitoring"), Repository.PathOf("deploy/overlays"), scratch.FullName])).Checked();
            var settings = scratch.FullName + "/monitoring/dashboards/settings.py";
            File.WriteAllText(settings, Regex.Replace(File.ReadAllText(settings), "DOCS = \"[^\"]+\"", "DOCS = \"https://wiki.example/findings\""));
            string[] generate = ["/usr/bin/python3", scratch.FullName + "/monitoring/dashboards/generate"];

            var stale = await Command.RunAsync([.. generate, "--check"]);
            (await Command.RunAsync(generate)).Checked();

            Assert.Equal(1, stale.ExitCode);
            foreach (var file in (string[])
                ["monitoring/alerts.yaml", "monitoring/alerts.test.yaml", "monitoring/prometheusrule.yaml", "overlays/monitoring/google-managed/clusterrules.yaml"])
            {
                var text = File.ReadAllText($"{scratch.FullName}/{file}");
                Assert.Contains(Path.GetFileName(file) + " is not up to date", stale.Error, StringComparison.Ordinal);
                Assert.All(Regex.Matches(text, @"\n\s+runbook_url: '?([^#]*)#"), static match => Assert.Equal("https://wiki.example/findings", match.Groups[1].Value));
            }
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    private static string Text(string name)
    {
        var start = s_alerts.IndexOf($"- alert: {name}\n", StringComparison.Ordinal);
        var end = s_alerts.IndexOf("- alert: ", start + 1, StringComparison.Ordinal);
        return end < 0 ? s_alerts[start..] : s_alerts[start..end];
    }

    [GeneratedRegex(@"- alert: (\w+)")]
    private static partial Regex AlertName();
}
