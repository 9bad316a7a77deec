using System.IO.Compression;
using Agent.Exporting;
using Agent.Tests.Core.Metrics;
using Xunit;

namespace Agent.Tests.Agent.Exporting;

/// <summary>What promtool says of it is tested where promtool is: tests/Agent.EndToEndTests/Monitoring.</summary>
public sealed class ExpositionRendererTests
{
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
}
