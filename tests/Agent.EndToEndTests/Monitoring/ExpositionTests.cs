using System.Text;
using Agent.Core.Metrics;
using Agent.Exporting;
using Xunit;

namespace Agent.EndToEndTests.Monitoring;

/// <summary>The metrics as Prometheus' own checker sees them. Those of a real agent: <see cref="DashboardDataTests"/>.</summary>
public sealed class ExpositionTests
{
    [Fact]
    public async Task Promtool_OneSeriesOfEachFamilyOfTheCatalogue_IsSilent()
    {
        var families = MetricCatalog.All.Where(static definition => definition.Type != MetricType.Histogram).Select(static definition =>
            new MetricFamily(definition, definition.Labels, [new([.. definition.Labels.Select(static label => $"a \"{label}\"")], 1)]));

        await CheckAsync(Encoding.UTF8.GetString(new ExpositionRenderer().Render([.. families]).Text.Identity));
    }

    /// <summary>What <c>promtool check metrics</c> has to complain of is an error, or advice: neither is wanted.</summary>
    internal static async Task CheckAsync(string exposition)
    {
        var result = (await Command.RunAsync(["promtool", "check", "metrics"], input: exposition)).Checked();

        Assert.Equal("", result.Output + result.Error);
    }
}
