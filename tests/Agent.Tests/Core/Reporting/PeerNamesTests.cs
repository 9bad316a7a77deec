using Agent.Core.Model;
using Agent.Core.Reporting;
using Agent.Kernel.Net;
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

    private static IpAddress Address(string text) => IpAddress.TryParse(text, out var address) ? address : throw new ArgumentException(text);
}
