using Agent.Tests.Testing;
using Xunit;

namespace Agent.EndToEndTests.Monitoring;

/// <summary>The dashboards are what Grafana's own types, as published on npm, allow.</summary>
[Lasts(seconds: 10, First = true)]
public sealed class DashboardSchemaTests : IAsyncLifetime
{
    // In JSON an enumeration is one of its values. What a data source adds to an annotation is not in Grafana's types.
    private const string Preamble = """
        import type { AnnotationQuery, Dashboard as Schema } from '@grafana/schema';
        type Json<T> = T extends string ? `${T}` : T extends object ? { [K in keyof T]: Json<T[K]> } : T;
        type PrometheusAnnotation = AnnotationQuery & { expr: string; step: string; titleFormat: string; textFormat: string; tagKeys: string };
        type Dashboard = Omit<Schema, 'annotations'> & { annotations: { list: PrometheusAnnotation[] } };
        export const dashboard: Json<Dashboard> =
        """;

    private NpmPackages _packages = null!;

    public async ValueTask InitializeAsync() => _packages = await NpmPackages.InstallAsync("@grafana/schema@13.2.3", "typescript@5.9.3");

    public ValueTask DisposeAsync() => _packages.DisposeAsync();

    [Fact]
    public async Task Dashboards_TypeScript_AcceptsThemAsDashboards()
    {
        Assert.SkipWhen(_packages.Unavailable is not null, _packages.Unavailable ?? "");

        var dashboards = Dashboard.Names.ToDictionary(static name => name, static name => Dashboard.Read(name).Json.GetRawText());
        dashboards["wrong"] = dashboards["node"].Replace("\"absolute\"", "\"absolut\"", StringComparison.Ordinal);

        var faults = await CheckAsync(dashboards);

        // wrong.ts(41,9): error TS2322: ..., and what more is to be said of it in lines that begin with spaces
        Assert.Contains("'absolut'", faults, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"(?m)^(?! |.*wrong\.ts\(|$)", faults);
    }

    private async Task<string> CheckAsync(Dictionary<string, string> dashboards)
    {
        foreach (var (name, json) in dashboards)
        {
            await File.WriteAllTextAsync(_packages.PathOf(name + ".ts"), Preamble + json);
        }

        var result = await Command.RunAsync(
        [
            "node", _packages.PathOf("node_modules/typescript/lib/tsc.js"), "--noEmit", "--skipLibCheck", "--strict", "--module", "esnext", "--moduleResolution", "bundler",
            "--target", "es2022", .. dashboards.Keys.Select(name => _packages.PathOf(name + ".ts")),
        ]);
        return result.Output.Replace('"', '\'');
    }
}
