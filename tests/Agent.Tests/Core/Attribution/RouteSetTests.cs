using Agent.Core.Attribution;
using Agent.Kernel.Net;
using Agent.Tests.Core.Tallies;
using Xunit;

namespace Agent.Tests.Core.Attribution;

public sealed class RouteSetTests
{
    private static readonly RouteSet s_routes = new(
    [
        Network("10.244.3.9", 24, inet: true), Network("10.244.0.7", 32, inet: true), Network("fd00:1::5", 64, inet: false),
    ]);

    [Theory]
    [InlineData("10.244.3.0", true)]
    [InlineData("10.244.3.255", true)]
    [InlineData("10.244.2.255", false)]
    [InlineData("10.244.0.7", true)]
    [InlineData("10.244.0.6", false)]
    [InlineData("fd00:1::ffff", true)]
    [InlineData("fd00:2::5", false)]
    public void Contains_Address_IsInOneOfTheRanges(string address, bool expected) =>
        Assert.Equal(expected, s_routes.Contains(Make.Address(address)));

    [Fact]
    public void None_ContainsNothing() => Assert.False(RouteSet.None.Contains(Make.Address("10.0.0.1")));

    private static IpNetwork Network(string address, int length, bool inet) =>
        new(Make.Address(address), length + (inet ? IpNetwork.MappedPrefixLength : 0));
}
