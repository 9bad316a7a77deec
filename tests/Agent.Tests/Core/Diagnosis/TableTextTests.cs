using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;
using Agent.Kernel.Conntrack;
using Xunit;

namespace Agent.Tests.Core.Diagnosis;

/// <summary>Whose table it is, as the findings about it say.</summary>
public sealed class TableTextTests
{
    private const byte Udp = 17;
    private static readonly ConntrackTablePressureRule s_pressure = new();
    private static readonly ConntrackDropsRule s_drops = new();

    private readonly TableScene _table = new("asks", "calls", "scans", "quiet");

    [Fact]
    public void Pressure_FullTable_NamesTheThreeThatFillItWithTheirDestinationsAndWhatFits()
    {
        Fill();
        var finding = Given.Only(s_pressure, Given.Alone(_table.Dump(limit: 100_000)));

        string[] expected =
        [
            "shop/asks: 53% of the entries (50,000); 100% of them DNS; to udp 10.96.0.10:53 (a service) 50,000.",
            "shop/calls: 32% of the entries (30,000); 100% of them TIME_WAIT; to tcp 10.0.9.9:5432 30,000.",
            "shop/scans: 15% of the entries (14,000); 100% of them without an answer; to many destinations, none with a twentieth of them.",
        ];
        Assert.Equal(expected, finding.Evidence.Where(static line => line.StartsWith("shop/", StringComparison.Ordinal)));
        Assert.Equal(
            ["DNS, in the pods that fill the table with queries", "the clients that fill it with TIME_WAIT", "entries without an answer", "kube-proxy flags", "sysctl", "Bottlerocket", "Talos"],
            finding.Fix.Select(static fix => fix.Where));
    }

    [Fact]
    public void Pressure_Established_OffersItsTimeoutAndNothingElse()
    {
        _table.Add(90_000, "10.244.0.2", "10.0.9.9:5432");
        var finding = Given.Only(s_pressure, Given.Alone(_table.Dump(limit: 100_000)));
        Assert.Equal(["kube-proxy flags", "sysctl", "Bottlerocket", "Talos", "sysctl, when established entries of dead peers fill it"], finding.Fix.Select(static fix => fix.Where));
    }

    [Fact]
    public void Pressure_GrowingTable_SaysWhenItIsAboutFull()
    {
        _table.Add(60_000, "10.244.0.2", "10.0.9.9:5432");
        _table.Dump(limit: 100_000);
        _table.Begin(seconds: 30);
        _table.Add(80_000, "10.244.0.2", "10.0.9.9:5432");
        _table.Add(1_000, "10.244.0.1", "10.96.0.10:53", Udp);
        var snapshot = _table.Dump(limit: 100_000);

        var finding = Given.Only(s_pressure, Given.Alone(snapshot));
        Assert.Contains("The table grows by about 700/s; at this rate it is full in about 27s.", finding.Evidence);
        Assert.Contains(finding.Evidence, static line => line.StartsWith("shop/calls: 99% of the entries (80,000, about 667/s more)", StringComparison.Ordinal));
        Assert.Equal(20_000 / 30.0, snapshot.Pods.Single(static pod => pod.Identity.Name == "calls").Entries!.PerSecond!.Value, 3);
    }

    [Fact]
    public void Pressure_ShrinkingTable_SaysNothingOfTheFuture()
    {
        _table.Add(95_000, "10.244.0.2", "10.0.9.9:5432");
        _table.Dump(limit: 100_000);
        _table.Begin(seconds: 30);
        _table.Add(90_000, "10.244.0.2", "10.0.9.9:5432");
        var finding = Given.Only(s_pressure, Given.Alone(_table.Dump(limit: 100_000)));
        Assert.DoesNotContain(finding.Evidence, static line => line.Contains("full in", StringComparison.Ordinal));
    }

    [Fact]
    public void Drops_NoRoom_NamesThoseThatFillTheTable()
    {
        Fill();
        var snapshot = _table.Dump(limit: 100_000);
        var finding = Given.Only(s_drops, Given.InTurn(snapshot.With(Given.Statistics()), snapshot.With(Given.Statistics(drop: 9))));
        Assert.Equal(3, finding.Evidence.Count(static line => line.StartsWith("shop/", StringComparison.Ordinal)));
        Assert.Contains(finding.Fix, static fix => fix.Where.StartsWith("DNS, in the pods", StringComparison.Ordinal));
    }

    [Fact]
    public void Drops_Clashes_NamesThoseThatShareATranslatedAddressWhenTheyAreMany()
    {
        _table.Add(6_000, "10.244.0.2", "203.0.113.7:443", translatedTo: TableScene.NodeAddress);
        var snapshot = _table.Dump();
        var finding = Given.Only(s_drops, Given.InTurn(snapshot.With(Given.Statistics()), snapshot.With(Given.Statistics(failed: 90))));
        Assert.Contains(
            "Most source-translated entries: 6,000 to tcp 203.0.113.7:443 as 192.168.0.1, of them shop/calls 6,000.", finding.Evidence);
    }

    [Fact]
    public void Dump_ForwardedEntries_AreNobodys()
    {
        _table.Add(40, "198.51.100.1", "198.51.100.2:80");
        var use = _table.Dump().Conntrack!.Flows!.Use;
        Assert.Equal((null, 40L), (use.Users.Single().Identity, use.Users.Single().Entries.Total));
        Assert.Equal(40, use.Nobody.Total);
    }

    [Fact]
    public void Dump_ConnectionsFromOutside_AreReceivedByThePod()
    {
        _table.Add(7, "35.191.4.4", "192.168.0.1:30080", backend: "10.244.0.2:8080");
        var snapshot = _table.Dump();
        var destination = Assert.Single(snapshot.Conntrack!.Flows!.Use.Destinations);
        Assert.Equal(("shop/calls", true, "192.168.0.1:30080"), (destination.Owner!.DisplayName, destination.Received, destination.Place.Destination));
        Assert.Equal((7, 0), (snapshot.Pods.Single(static pod => pod.Identity.Name == "calls").Entries!.Received, snapshot.Pods[1].Entries!.Originated));
    }

    [Fact]
    public void Dump_PodThatCallsItself_HasEachEntryOnce()
    {
        _table.Add(5, "10.244.0.1", "10.96.0.50:80", backend: "10.244.0.1:8080", state: TcpConntrackState.TimeWait);
        var entries = _table.Dump().Pods[0].Entries!;
        Assert.Equal((5, 5, 5, 5), (entries.Total, entries.Originated, entries.Received, entries.TimeWait));
    }

    [Fact]
    public void Dump_LoopbackOfTheNode_IsTheHosts()
    {
        _table.Add(3, "127.0.0.1", "127.0.0.1:10248");
        Assert.Equal(PodKind.Host, Assert.Single(_table.Dump().Conntrack!.Flows!.Use.Users).Identity!.Kind);
    }

    private void Fill()
    {
        _table.Add(50_000, "10.244.0.1", "10.96.0.10:53", Udp, backend: "10.9.9.9:53");
        _table.Add(30_000, "10.244.0.2", "10.0.9.9:5432", state: TcpConntrackState.TimeWait);
        _table.AddScan(14_000, "10.244.0.3");
    }
}
