using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;
using Xunit;

namespace Agent.Tests.Core.Diagnosis.Rules;

public sealed class SourceUnavailableRuleTests
{
    private static readonly SourceUnavailableRule s_rule = new();

    private static Snapshot Lacking(SourceStatus status, params string[] names) => Given.Node(Given.Pod()) is var node ? node with
    {
        Sources = [.. node.Sources.Select(source => names.Contains(source.Name) ? source with { Status = status, Detail = "CAP_NET_ADMIN is missing" } : source)],
    } : throw new InvalidOperationException();

    [Fact]
    public void Evaluate_EverythingRead_Silent() => Assert.Empty(s_rule.Evaluate(Given.Alone(Given.Node())));

    [Theory]
    [InlineData(SourceStatus.Degraded, Severity.Info)]
    [InlineData(SourceStatus.Unavailable, Severity.Info)]
    [InlineData(SourceStatus.Failed, Severity.Warning)]
    public void Evaluate_OneSource_SeverityByStatus(SourceStatus status, Severity expected)
    {
        var finding = Given.Only(s_rule, Given.Alone(Lacking(status, SourceNames.ConntrackStats)));
        Assert.Equal(expected, finding.Severity);
        Assert.Equal(new FindingSubject("source", "", SourceNames.ConntrackStats), finding.Subject);
        Assert.Contains("CAP_NET_ADMIN is missing", finding.Evidence[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_Unavailable_NamesWhatIsNotJudged() => Assert.Contains(
        Given.Only(s_rule, Given.Alone(Lacking(SourceStatus.Unavailable, SourceNames.ConntrackStats))).Evidence,
        static line => line.Contains(FindingIds.ConntrackDrops, StringComparison.Ordinal));

    [Fact]
    public void Evaluate_NeitherConntrackNorSockets_Warning() => Assert.All(
        s_rule.Evaluate(Given.Alone(Lacking(SourceStatus.Unavailable, SourceNames.Conntrack, SourceNames.Sockets))),
        static finding => Assert.Equal(Severity.Warning, finding.Severity));

    [Fact]
    public void Evaluate_PlainMachineWithoutKubernetes_Silent() => Assert.Empty(
        s_rule.Evaluate(Given.Alone(Lacking(SourceStatus.Unavailable, SourceNames.Kubernetes, SourceNames.Pods) with { Pods = [] })));
}
