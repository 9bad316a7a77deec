using Agent.Core.Model;
using Agent.Tests.Core.Diagnosis;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Agent.Hosting;

public sealed class RemediationTests
{
    [Theory]
    [InlineData("off", false)]
    [InlineData("dry-run", true)]
    public async Task Scan_RemediationMode_DecidesWhatIsExported(string mode, bool exported)
    {
        var host = new PodSnapshot { Identity = PodIdentity.Host, NamespaceInode = 1 };
        var snapshot = TestSnapshots.Of() with { HostSettings = Given.Settings(60), Conntrack = new() { Entries = 1, Limit = 1000 }, Pods = [host] };
        using var scanner = new FakeScanner((_, _, _) => snapshot);
        await using var agent = await TestAgent.StartAsync(scanner, $"Remediation:Mode={mode}", "Remediation:OverrideKubeProxy=true");
        await agent.ScannedAsync(scanner, 1);

        var (_, body) = await agent.GetAsync("/metrics");

        const string Labels = "{scope=\"host\",sysctl=\"nf_conntrack_tcp_timeout_close_wait\"}";
        Assert.Equal(exported, body.Contains($"closewatch_sysctl_value{Labels} 60\n", StringComparison.Ordinal));
        Assert.Equal(exported, body.Contains($"closewatch_sysctl_desired{Labels} 3600\n", StringComparison.Ordinal));
        Assert.DoesNotContain("closewatch_remediation_writes_total{", body, StringComparison.Ordinal);
    }
}
