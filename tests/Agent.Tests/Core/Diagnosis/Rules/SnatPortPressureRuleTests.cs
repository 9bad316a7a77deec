using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Kernel.Conntrack;
using Agent.Kernel.SockDiag;
using Xunit;

namespace Agent.Tests.Core.Diagnosis.Rules;

public sealed class SnatPortPressureRuleTests
{
    private const string First = "10.244.0.1";
    private const string Second = "10.244.0.2";
    private const byte Udp = 17;

    private static readonly SnatPortPressureRule s_rule = new();
    private readonly TableScene _table = new("crawler", "web");

    [Theory]
    [InlineData(25_000, null)]
    [InlineData(26_000, Severity.Info)]
    [InlineData(38_000, Severity.Info)]
    [InlineData(39_000, Severity.Warning)]
    [InlineData(58_000, Severity.Warning)]
    [InlineData(59_000, Severity.Critical)]
    public void Evaluate_TranslatedToOneDestination_SeverityByShare(int entries, Severity? expected)
    {
        _table.Add(entries, First, "203.0.113.7:443", translatedTo: TableScene.NodeAddress);
        Assert.Equal(expected, s_rule.Evaluate(Given.Alone(_table.Dump())).FirstOrDefault()?.Severity);
    }

    [Theory]
    [InlineData(6, "tcp")]
    [InlineData(Udp, "udp")]
    public void Evaluate_HundredAndTwentyThousandEntriesToOnePort_NamesItAndThePodThatHoldsMost(byte protocol, string name)
    {
        _table.Add(60_000, First, "203.0.113.7:443", protocol, translatedTo: TableScene.NodeAddress);
        _table.Add(59_000, First, "203.0.113.7:443", protocol, translatedTo: "192.168.0.2");
        _table.Add(900, Second, "203.0.113.7:443", protocol, translatedTo: "192.168.0.2");
        _table.AddScan(20_000, Second);

        var finding = Assert.Single(s_rule.Evaluate(Given.Alone(_table.Dump())));

        Assert.Equal((Severity.Critical, 60_000L), (finding.Severity, finding.Victims));
        Assert.Equal($"source ports to {name} 203.0.113.7:443 run out", finding.Title);
        Assert.StartsWith(
            $"60,000 to {name} 203.0.113.7:443 as 192.168.0.1, of them shop/crawler 60,000: 93% of the 64,512 source ports", finding.Evidence[0], StringComparison.Ordinal);
        Assert.StartsWith(
            $"59,900 to {name} 203.0.113.7:443 as 192.168.0.2, of them shop/crawler 59,000, shop/web 900", finding.Evidence[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_ServiceWithOneBackend_CountsWhereItIsTranslatedTo()
    {
        _table.Add(20_000, First, "10.96.0.1:443", translatedTo: TableScene.NodeAddress, backend: "172.16.0.9:6443");
        _table.Add(20_000, Second, "10.96.0.2:443", translatedTo: TableScene.NodeAddress, backend: "172.16.0.9:6443");

        var finding = Given.Only(s_rule, Given.Alone(_table.Dump()));
        Assert.Equal(Severity.Warning, finding.Severity);
        Assert.Equal(40_000, finding.Victims);
    }

    [Fact]
    public void Evaluate_ManyEntriesToManyBackends_Silent()
    {
        for (var backend = 0; backend < 10; backend++)
        {
            _table.Add(12_000, First, "10.96.0.1:80", translatedTo: TableScene.NodeAddress, backend: $"172.16.0.{backend + 1}:8080");
        }

        Assert.Empty(s_rule.Evaluate(Given.Alone(_table.Dump())));
    }

    [Fact]
    public void Evaluate_ManyUntranslatedConnectionsFromOutside_Silent()
    {
        _table.Add(60_000, "198.51.100.1", "10.244.0.1:80");
        _table.Add(60_000, "198.51.100.2", "10.244.0.1:80");
        Assert.Empty(s_rule.Evaluate(Given.Alone(_table.Dump(), new() { NatPorts = 1024 })));
    }

    [Fact]
    public void Evaluate_InsertFailedRises_IsAWarningSooner()
    {
        _table.Add(30_000, First, "203.0.113.7:443", translatedTo: TableScene.NodeAddress);
        var snapshot = _table.Dump();
        var finding = Given.Only(s_rule, Given.InTurn(snapshot.With(Given.Statistics(failed: 5)), snapshot.With(Given.Statistics(failed: 95))));
        Assert.Equal(Severity.Warning, finding.Severity);
        Assert.Contains(finding.Evidence, static line => line.StartsWith("insert_failed rose by 90", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0, "203.0.113.7:443", null)]
    [InlineData(1024, "203.0.113.7:443", Severity.Critical)]
    [InlineData(4096, "203.0.113.7:443", null)]
    [InlineData(1024, "172.20.0.7:443", null)]
    [InlineData(1024, "100.64.3.7:443", null)]
    public void Evaluate_CloudNat_OnlyWhatLeavesThePrivateNetwork(int natPorts, string destination, Severity? expected)
    {
        _table.Add(600, First, destination);
        _table.Add(400, Second, destination);
        var finding = s_rule.Evaluate(Given.Alone(_table.Dump(), new() { NatPorts = natPorts })).FirstOrDefault();
        Assert.Equal(expected, finding?.Severity);
        Assert.All(finding?.Fix ?? [], static fix => Assert.DoesNotContain("MASQUERADE", fix.Text, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(20_000, 0, TcpConntrackState.Established, Severity.Info)]
    [InlineData(27_000, 0, TcpConntrackState.Established, Severity.Warning)]
    [InlineData(27_000, 0, TcpConntrackState.TimeWait, null)]
    [InlineData(27_000, 27_000, TcpConntrackState.TimeWait, Severity.Warning)]
    public void Evaluate_OwnPortsOfAPod_TimeWaitOnlyWhereItsSocketsAre(int entries, int sockets, TcpConntrackState state, Severity? expected)
    {
        _table.Add(entries, First, "10.0.9.9:5432", state: state);
        var snapshot = _table.Dump();
        snapshot = snapshot with
        {
            Pods = [.. snapshot.Pods.Select(pod => pod with { LocalPorts = new(32768, 60999), Tcp = Given.States((TcpState.TimeWait, sockets)) })],
        };

        var finding = s_rule.Evaluate(Given.Alone(snapshot)).FirstOrDefault();

        Assert.Equal(expected, finding?.Severity);
        Assert.Equal(expected is null ? null : "shop/crawler", finding?.Subject.DisplayName);
    }

    [Fact]
    public void Evaluate_ResolverWithManyUdpQueries_OwnPortsSilent()
    {
        _table.Add(60_000, First, "8.8.8.8:53", Udp);
        var snapshot = _table.Dump();
        Assert.Empty(s_rule.Evaluate(Given.Alone(snapshot with { Pods = [.. snapshot.Pods.Select(static pod => pod with { LocalPorts = new(32768, 60999) })] })));
    }

    [Fact]
    public void Evaluate_NoDump_Silent() => Assert.Empty(s_rule.Evaluate(Given.Alone(Given.Node())));
}
