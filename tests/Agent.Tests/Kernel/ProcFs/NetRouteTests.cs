using System.Text;
using Agent.Kernel.Net;
using Agent.Kernel.ProcFs;
using Xunit;

namespace Agent.Tests.Kernel.ProcFs;

public sealed class NetRouteTests
{
    private const string Inet = """
        Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
        eth0	00000000	0100A8C0	0003	0	0	0	00000000	0	0	0
        cni0	000D580A	00000000	0001	0	0	0	00FFFFFF	0	0	0
        cali1	0701F40A	00000000	0005	0	0	0	FFFFFFFF	0	0	0
        garbage
        """;

    private const string Inet6 = """
        fd000010008800130000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     cni0
        fe800000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     cni0
        00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
        """;

    [Theory]
    [InlineData("10.88.13.7", true)]
    [InlineData("10.88.14.7", false)]
    [InlineData("10.244.1.7", true)]
    [InlineData("10.244.1.8", false)]
    [InlineData("fd00:10:88:13::5", true)]
    [InlineData("fd00:10:88:14::5", false)]
    [InlineData("fe80::1", false)]
    public void Parse_RoutesWithADefault_CoverOnlyWhatTheyName(string text, bool expected)
    {
        var networks = new List<IpNetwork>();
        NetRoute.ParseInet(Encoding.ASCII.GetBytes(Inet), networks);
        NetRoute.ParseInet6(Encoding.ASCII.GetBytes(Inet6), networks);

        Assert.Equal(3, networks.Count);
        Assert.True(IpAddress.TryParse(text, out var address));
        Assert.Equal(expected, networks.Exists(network => network.Contains(address)));
    }
}
