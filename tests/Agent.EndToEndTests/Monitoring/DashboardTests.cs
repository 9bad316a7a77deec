using System.Text.RegularExpressions;
using Xunit;

namespace Agent.EndToEndTests.Monitoring;

/// <summary>The dashboards as files: complete, up to date, about metrics that exist.</summary>
public sealed partial class DashboardTests
{
    public static TheoryData<string> Names => [.. Dashboard.Names];

    [Fact]
    public async Task Files_AreWhatTheGeneratorWrites() =>
        (await Command.RunAsync(["/usr/bin/python3", Repository.PathOf("deploy/monitoring/dashboards/generate"), "--check"])).Checked();

    [Theory]
    [MemberData(nameof(Names))]
    public void Panel_EachOne_HasWhatAReaderNeeds(string name)
    {
        foreach (var panel in Dashboard.Read(name).DataPanels)
        {
            Assert.False(string.IsNullOrWhiteSpace(panel.Description), $"{panel.Title} has no description");
            Assert.False(string.IsNullOrWhiteSpace(panel.Defaults.GetProperty("unit").GetString()), $"{panel.Title} has no unit");
            Assert.False(string.IsNullOrWhiteSpace(panel.Defaults.GetProperty("noValue").GetString()), $"{panel.Title} says nothing when there is nothing to show");
            Assert.NotEmpty(panel.Defaults.GetProperty("thresholds").GetProperty("steps").EnumerateArray());
            Assert.NotEmpty(panel.Queries);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Panel_AllOfThem_HaveIdsOfTheirOwnAndDoNotOverlap(string name)
    {
        var panels = Dashboard.Read(name).Panels.ToList();

        Assert.Equal(panels.Count, panels.Select(static panel => panel.Id).Distinct().Count());
        var cells = new HashSet<(int, int)>();
        foreach (var (x, y, width, height) in panels.Select(static panel => panel.Place))
        {
            Assert.InRange(x + width, 1, 24);
            Assert.All(from column in Enumerable.Range(x, width) from line in Enumerable.Range(y, height) select (column, line), cell => Assert.True(cells.Add(cell)));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Variable_EachOneThatIsUsed_IsDefined(string name)
    {
        var dashboard = Dashboard.Read(name);
        var used = Variable().Matches(dashboard.Json.GetRawText()).Select(static match => match.Groups[1].Value).Where(static variable => !variable.StartsWith("__", StringComparison.Ordinal));

        Assert.Subset(dashboard.VariableNames.ToHashSet(StringComparer.Ordinal), used.ToHashSet(StringComparer.Ordinal));
        Assert.Superset(new HashSet<string>(["datasource", "job", "cluster", "node", "namespace", "pod"], StringComparer.Ordinal), dashboard.VariableNames.ToHashSet(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Dashboard_AsProvisioned_IsNotEditableAndMarksRestarts(string name)
    {
        var dashboard = Dashboard.Read(name);

        Assert.False(dashboard.Json.GetProperty("editable").GetBoolean());
        Assert.Contains(dashboard.OtherQueries, static query => query.Contains("process_start_time_seconds", StringComparison.Ordinal));
    }

    /// <summary>A variable that looks at every series of many metrics, or again whenever the time range changes, makes a dashboard slow to open.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Variable_OfAQuery_AsksForOneMetricWhenTheDashboardOpens(string name)
    {
        var variables = Dashboard.Read(name).Json.GetProperty("templating").GetProperty("list").EnumerateArray().Where(static variable => variable.GetProperty("type").GetString() == "query").ToList();

        Assert.NotEmpty(variables);
        Assert.All(variables, static variable =>
        {
            Assert.Matches(@"^label_values\(closewatch_\w+[{,]", variable.GetProperty("query").GetProperty("query").GetString());
            Assert.Equal(1, variable.GetProperty("refresh").GetInt32());
        });
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Panel_EveryQueryOfTheAgents_IsLimitedToTheJob(string name) => Assert.All(
        Dashboard.Read(name).DataPanels.SelectMany(static panel => panel.Queries).SelectMany(static query => Selector().Matches(query)),
        static selector => Assert.StartsWith("job=~\"$job\"", selector.Groups[1].Value, StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Names))]
    public void Link_ToADashboardOrPanel_LeadsSomewhere(string name)
    {
        var dashboards = Dashboard.Names.Select(Dashboard.Read).ToDictionary(static dashboard => dashboard.Json.GetProperty("uid").GetString()!, StringComparer.Ordinal);
        var links = DashboardLink().Matches(Dashboard.Read(name).Json.GetRawText());

        Assert.NotEmpty(links);
        foreach (Match link in links)
        {
            Assert.True(dashboards.TryGetValue(link.Groups[1].Value, out var target), $"no dashboard {link.Groups[1].Value}");
            Assert.True(!link.Groups[2].Success || target!.Panels.Any(panel => panel.Id == int.Parse(link.Groups[2].Value, null)), $"no panel {link.Groups[2].Value}");
        }
    }

    [Fact]
    public void Explanations_EveryFinding_IsThere()
    {
        var text = Dashboard.Read("cluster").Panels.Single(static panel => panel.Kind == "text").Json.GetProperty("options").GetProperty("content").GetString()!;
        var explained = Regex.Matches(text, @"^\| `([a-z0-9-]+)` \|", RegexOptions.Multiline).Select(static match => match.Groups[1].Value);

        Assert.Equal(Findings.Ids.Order(StringComparer.Ordinal), explained.Order(StringComparer.Ordinal));
    }

    [GeneratedRegex(@"\$\{?(\w+)")]
    private static partial Regex Variable();

    [GeneratedRegex(@"\b(?:closewatch|process)_\w+\{([^}]*)\}")]
    private static partial Regex Selector();

    [GeneratedRegex(@"""/d/([\w-]+)(?:\?viewPanel=(\d+))?")]
    private static partial Regex DashboardLink();
}
