using System.Collections.Immutable;
using Agent.Core.Attribution;
using Agent.Core.Model;
using Agent.Kernel.Net;
using Agent.Tests.Core.Tallies;
using Xunit;

namespace Agent.Tests.Core.Attribution;

public sealed class AddressClaimsTests
{
    private const string Contested = "10.244.0.7";
    private const int Victim = 1;
    private const int Thief = 2;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Resolve_PodWithAnothersAddressOnItsLoopback_DoesNotTakeIt(bool withApi)
    {
        var claims = Resolve(
            [Pod("victim", 1, hours: 1, withApi ? Contested : null), Pod("thief", 2, hours: 0, withApi ? "10.244.0.9" : null)],
            ["192.168.1.1"], [Contested], [Contested, "10.244.0.9"]);

        Assert.Equal(Victim, claims.Index.Find(Make.Address(Contested)));
        Assert.Equal(Thief, claims.Index.Find(Make.Address("10.244.0.9")));
        Assert.Equal([new AddressConflict(Make.Address(Contested), Victim, Thief)], claims.Conflicts);
        Assert.Equal(1, claims.ConflictCount);
    }

    [Fact]
    public void Resolve_OlderThief_LosesToTheApi()
    {
        var claims = Resolve([Pod("victim", 1, hours: 1, Contested), Pod("thief", 2, hours: 9)], ["192.168.1.1"], [], [Contested]);

        Assert.Equal(Victim, claims.Index.Find(Make.Address(Contested)));
        Assert.Equal(1, claims.ConflictCount);
    }

    [Fact]
    public void Resolve_OlderPodIsFoundLater_KeepsItsAddress()
    {
        var claims = Resolve([Pod("thief", 1, hours: 1), Pod("victim", 2, hours: 9)], ["192.168.1.1"], [Contested], [Contested]);

        Assert.Equal([new AddressConflict(Make.Address(Contested), 2, 1)], claims.Conflicts);
    }

    [Fact]
    public void Resolve_OlderContainer_LosesToThePod()
    {
        var container = Pod("container", 1, hours: 9) with { Identity = new PodIdentity(PodKind.Container, "", "container", "container") };
        var claims = Resolve([container, Pod("victim", 2, hours: 1)], ["192.168.1.1"], [Contested], [Contested]);

        Assert.Equal([new AddressConflict(Make.Address(Contested), 2, 1)], claims.Conflicts);
    }

    [Fact]
    public void Resolve_PodWithTheNodesAddress_DoesNotTakeIt()
    {
        var claims = Resolve([Pod("victim", 1, hours: 1), Pod("thief", 2, hours: 9)], ["192.168.1.1"], [], ["192.168.1.1"]);

        Assert.Equal(Owner.HostIndex, claims.Index.Find(Make.Address("192.168.1.1")));
        Assert.Empty(claims.Conflicts);
    }

    [Fact]
    public void Resolve_RoutedAddress_GoesBeforeTheSameInANestedNetwork()
    {
        var nested = Pod("nested", 1, hours: 9) with { Namespaces = [1, 3] };
        var claims = Resolve([nested, Pod("plain", 2, hours: 1)], ["192.168.1.1"], ["10.244.0.8"], [Contested], [Contested]);

        Assert.Equal(2, claims.Index.Find(Make.Address(Contested)));
        Assert.Equal([new AddressConflict(Make.Address(Contested), 2, 1)], claims.Conflicts);
    }

    [Fact]
    public void Resolve_SameNestedNetworkInManyPods_IsNoConflict()
    {
        // Every container engine in a pod has 172.17.0.1.
        var claims = Resolve([Pod("a", 1, hours: 2), Pod("b", 2, hours: 1)], ["192.168.1.1"], ["10.244.0.8", "172.17.0.1"], ["10.244.0.9", "172.17.0.1"]);

        Assert.Equal(Victim, claims.Index.Find(Make.Address("172.17.0.1")));
        Assert.Empty(claims.Conflicts);
    }

    [Fact]
    public void Resolve_ManyConflicts_AreCountedAndAFewKept()
    {
        string[] addresses = [.. Enumerable.Range(0, 200).Select(static number => $"10.244.1.{number}")];
        var claims = Resolve([Pod("victim", 1, hours: 2), Pod("thief", 2, hours: 1)], ["192.168.1.1"], addresses, addresses);

        Assert.Equal(200, claims.ConflictCount);
        Assert.Equal(AddressClaims.MaxConflicts, claims.Conflicts.Count);
    }

    private static AddressClaims Resolve(ImmutableArray<Owner> pods, params string[][] addresses)
    {
        ImmutableArray<IpAddress>[] byNamespace = [.. addresses.Select(static texts => texts.Select(Make.Address).ToImmutableArray())];
        return AddressClaims.Resolve(
            [new Owner(PodIdentity.Host, [0], false, null, null), .. pods],
            index => byNamespace[index],
            new RouteSet([new IpNetwork(Make.Address("10.244.0.0"), IpNetwork.MappedPrefixLength + 16)]));
    }

    private static Owner Pod(string name, int index, int hours, string? apiAddress = null)
    {
        var api = apiAddress is null ? null : new KubernetesPod { Namespace = "shop", Name = name, Uid = name, Addresses = [Make.Address(apiAddress)] };
        return new Owner(new PodIdentity(PodKind.Pod, "shop", name, name), [index], false, api, TimeSpan.FromHours(hours));
    }
}
