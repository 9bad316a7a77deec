using System.ComponentModel;
using System.Diagnostics;
using System.IO.Compression;
using Agent.Core.Metrics;
using Agent.Exporting;
using Agent.Tests.Core.Metrics;
using Xunit;

namespace Agent.Tests.Agent.Exporting;

public sealed class PromtoolTests
{
    [Fact]
    public async Task CheckMetrics_EveryFamilyOfTheCatalogue_IsSilent()
    {
        // One series of each family, whatever a scan would have.
        var families = MetricCatalog.All.Select(static definition =>
            new MetricFamily(definition, definition.Labels, [new([.. definition.Labels.Select(static label => $"a \"{label}\"")], 1)]));
        var (code, output) = await CheckAsync(new ExpositionRenderer().Render([.. families]).Text.Identity);
        Assert.Equal("", output);
        Assert.Equal(0, code);
    }

    [Fact]
    public async Task CheckMetrics_RealFamilies_IsSilent()
    {
        var (code, output) = await CheckAsync(new ExpositionRenderer().Render(new Exposed().Families(Sample.Snapshot)).Text.Identity);
        Assert.Equal("", output);
        Assert.Equal(0, code);
    }

    [Fact]
    public void Render_Gzip_IsTheSame()
    {
        var rendered = new ExpositionRenderer().Render(new Exposed().Families(Sample.Snapshot));
        foreach (var body in new[] { rendered.Text, rendered.OpenMetrics })
        {
            using var unzipped = new MemoryStream();
            using var gzip = new GZipStream(new MemoryStream(body.Gzip), CompressionMode.Decompress);
            gzip.CopyTo(unzipped);
            Assert.Equal(body.Identity, unzipped.ToArray());
        }
    }

    private static async Task<(int Code, string Output)> CheckAsync(byte[] exposition)
    {
        using var process = new Process
        {
            StartInfo = new("promtool", ["check", "metrics"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true },
        };
        try
        {
            process.Start();
        }
        catch (Win32Exception)
        {
            Assert.Skip("promtool is not installed (Debian package prometheus)");
        }

        await process.StandardInput.BaseStream.WriteAsync(exposition, TestContext.Current.CancellationToken);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output + await error);
    }
}
