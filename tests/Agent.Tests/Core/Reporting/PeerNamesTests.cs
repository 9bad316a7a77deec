using System.Collections.Frozen;
using Agent.Core.Model;
using Agent.Core.Reporting;
using Agent.Kernel.Net;
using Agent.Kernel.SockDiag;
using Agent.Tests.Core.Diagnosis;
using Xunit;

namespace Agent.Tests.Core.Reporting;

public sealed class PeerNamesTests
{
    [Fact]
    public void Find_PodsTheNodeAndNamespaces_ByTheirNames()
    {
        var names = PeerNames.Of(Given.Node(
            new PodSnapshot { Identity = PodIdentity.Host, Addresses = [Address("192.0.2.1")] },
            Given.Pod() with { Addresses = [Address("10.0.0.2"), Address("fd00::2")] },
            Given.Pod("on-the-host") with { HostNetwork = true, Addresses = [Address("192.0.2.1")] }));

        Assert.Equal("node node-1", names.Find(Address("192.0.2.1")));
        Assert.Equal("shop/web", names.Find(Address("10.0.0.2")));
        Assert.Equal("shop/web", names.Find(Address("fd00::2")));
        Assert.Null(names.Find(Address("10.0.0.9")));
    }

    [Fact]
    public void Find_AnAddressThatTwoHave_IsNobodys()
    {
        var names = PeerNames.Of(Given.Node(
            Given.Pod() with { Addresses = [Address("10.0.0.2")] }, Given.Pod("cart") with { Addresses = [Address("10.0.0.2")] }));

        Assert.Null(names.Find(Address("10.0.0.2")));
    }

    [Fact]
    public void Find_BeyondThisNode_WhatOthersKnowUnlessItIsKnownHere()
    {
        var names = PeerNames.Of(Given.Node(Given.Pod() with { Addresses = [Address("10.0.0.2")] }) with
        {
            PeerNames = new Dictionary<IpAddress, string>
            {
                [Address("10.0.0.2")] = "shop/older",
                [Address("10.96.0.50")] = "service shop/cart",
            }.ToFrozenDictionary(),
        });

        Assert.Equal("shop/web", names.Find(Address("10.0.0.2")));
        Assert.Equal("service shop/cart", names.Find(Address("10.96.0.50")));
    }

    /// <summary>A Service's address: the pod behind it where that is known, then the Service, then what conntrack shows.</summary>
    [Theory]
    [InlineData("10.0.0.2", "shop/web")]
    [InlineData("10.88.2.7", "10.88.2.7 by 10.96.0.50")]
    [InlineData(null, "10.96.0.50")]
    public void Describe_ATranslatedPeer_IsTheOneThatReallyAnswers(string? real, string expected)
    {
        var names = PeerNames.Of(Given.Node(Given.Pod() with { Addresses = [Address("10.0.0.2")] }));
        var connection = Given.Connection(PodIdentity.Host, TcpState.FinWait2, 5) with
        {
            Tuple = new(Address("10.0.0.3"), Address("10.96.0.50"), 40000, 80),
            RealPeer = real is null ? null : new PeerAddress(Address(real), 9000),
        };

        Assert.Equal(expected, names.Describe(connection));
    }

    private static IpAddress Address(string text) => IpAddress.TryParse(text, out var address) ? address : throw new ArgumentException(text);
}
