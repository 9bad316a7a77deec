using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;
using Agent.Core.Reporting;
using Agent.Tests.Core.Diagnosis;
using Xunit;

namespace Agent.Tests.Core.Reporting;

/// <summary>What a report says to type works where it is read: on the node, through a pod, by the plugin.</summary>
public sealed class OwnCommandsTests
{
    private static readonly OwnCommands s_shell = new(Caller.Shell, "worker-3", "");
    private static readonly OwnCommands s_pod = s_shell with { Pod = "closewatch/closewatch-x7k2p" };
    private static readonly OwnCommands s_plugin = s_pod with { Caller = Caller.Plugin };

    [Theory]
    [InlineData("closewatch trace --lost --pod shop/pay", "kubectl closewatch trace --lost --pod shop/pay")]
    [InlineData("closewatch trace --lost --port 8080", "kubectl closewatch trace worker-3 --lost --port 8080")]
    [InlineData("closewatch report --details --pod host", "kubectl closewatch report worker-3 --details --pod host")]
    [InlineData("closewatch explain ID", "kubectl closewatch explain ID")]
    [InlineData("closewatch sysctl plan", "kubectl -n closewatch exec closewatch-x7k2p -- closewatch sysctl plan")]
    [InlineData("closewatch run --Remediation:Mode=dry-run", "closewatch run --Remediation:Mode=dry-run")]
    [InlineData("kubectl -n shop delete pod pay", "kubectl -n shop delete pod pay")]
    public void Plugin_AsksByItself(string command, string expected) => Assert.Equal(expected, s_plugin.AsTyped(command));

    [Fact]
    public void Pod_IsEntered_WhereItIsKnown()
    {
        const string trace = "closewatch trace --lost";

        Assert.Equal("kubectl -n closewatch exec closewatch-x7k2p -- closewatch trace --lost", s_pod.AsTyped(trace));
        Assert.Equal(trace, s_shell.AsTyped(trace));
        Assert.Equal(trace, (s_pod with { Pod = "no name" }).AsTyped(trace));
    }

    /// <summary>Every form of the report has its fixes from the view.</summary>
    [Fact]
    public void View_HasFixesAsTheyAreTyped()
    {
        var lost = new LostRequests(EndRole.Server, LossCause.Unanswered, 8080, 9, Given.Noon);
        var snapshot = Given.Node(Given.Serving() with { Ends = Given.Ends(lost) });
        var input = new ReportInput(
            snapshot, null, DiagnosisEngine.Evaluate(Given.Alone(snapshot)), new(), new() { Caller = Caller.Plugin }, new("1.2.3", "", ""));

        var finding = Assert.Single(ReportView.Create(input).Diagnosis.Findings, static finding => finding.Id == RequestsLostRule.Id);

        Assert.Contains(finding.Fix, static fix => fix.Text.StartsWith("kubectl closewatch trace --lost --pod shop/", StringComparison.Ordinal));
        Assert.DoesNotContain(finding.Fix, static fix => fix.Text.StartsWith("closewatch", StringComparison.Ordinal));
    }
}
