using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;
using Xunit;

namespace Agent.Tests.Core.Diagnosis.Rules;

public sealed class NodeTrafficRuleTests
{
    private static readonly ConntrackNotAuthoritativeRule s_bypass = new();
    private static readonly ListenQueueOverflowRule s_queue = new();

    private static PodSnapshot Overflowing(long queued, ulong overflows) => Given.Serving(null, Given.Listener() with { Queued = queued, Backlog = 10 }) is var pod
        ? pod with { Counters = pod.Counters! with { ListenOverflows = overflows, ListenDrops = overflows } }
        : throw new InvalidOperationException();

    [Fact]
    public void Bypass_NoPodIsTracked_Info()
    {
        var finding = Given.Only(s_bypass, Given.Alone(Given.Node(Given.Serving() with { IsTracked = false })));
        Assert.Equal((Severity.Info, SubjectKind.Node), (finding.Severity, finding.Subject.Kind));
        Assert.Contains("5 established connections of shop/web", finding.Evidence[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Bypass_OnePodIsTracked_Silent() => Assert.Empty(s_bypass.Evaluate(Given.Alone(Given.Node(
        Given.Serving() with { IsTracked = false },
        Given.Serving(Given.Kubernetes("api"))))));

    [Theory]
    [InlineData(null)]
    [InlineData(true)]
    public void Bypass_TrackedOrUnknown_Silent(bool? tracked) => Assert.Empty(s_bypass.Evaluate(Given.Alone(Given.Node(Given.Serving() with { IsTracked = tracked }))));

    [Fact]
    public void Bypass_ConntrackNotReadable_Silent()
    {
        var node = Given.Node(Given.Serving() with { IsTracked = false });
        var blind = node with { Sources = [.. node.Sources.Where(static source => source.Name != SourceNames.Conntrack)] };
        Assert.Empty(s_bypass.Evaluate(Given.Alone(blind)));
    }

    [Theory]
    [InlineData(0, 0ul, null)]
    [InlineData(11, 0ul, Severity.Warning)]
    [InlineData(0, 3ul, Severity.Warning)]
    [InlineData(11, 3ul, Severity.Critical)]
    public void Queue_SeverityByQueueAndRise(long queued, ulong rise, Severity? expected) => Assert.Equal(
        expected,
        s_queue.Evaluate(Given.InTurn(Given.Node(Overflowing(0, 50)), Given.Node(Overflowing(queued, 50 + rise)))).FirstOrDefault()?.Severity);

    [Fact]
    public void Queue_Full_NamesTheProbeThatWillFail() => Assert.Contains(
        Given.Only(s_queue, Given.Alone(Given.Node(Overflowing(11, 0)))).Evidence,
        static line => line.StartsWith("The readiness probe of container app (http, port 8080)", StringComparison.Ordinal) && line.Contains("30s", StringComparison.Ordinal));

    [Fact]
    public void Queue_OneScanWithOldOverflows_Info() =>
        Assert.Equal(Severity.Info, Given.Only(s_queue, Given.Alone(Given.Node(Overflowing(0, 50)))).Severity);

    [Fact]
    public void Queue_PodReplacedByOneOfTheSameName_NotCompared()
    {
        var fresh = Overflowing(0, 60) with { NamespaceInstance = 1 };
        Assert.Empty(s_queue.Evaluate(Given.InTurn(Given.Node(Overflowing(0, 50)), Given.Node(fresh))));
    }
}
