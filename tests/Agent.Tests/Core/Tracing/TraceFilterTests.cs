using Agent.Core.Model;
using Agent.Core.Tracing;
using Xunit;

namespace Agent.Tests.Core.Tracing;

public sealed class TraceFilterTests
{
    [Theory]
    [InlineData(null, null, null, true)]
    [InlineData("shop", null, null, true)]
    [InlineData("other", null, null, false)]
    [InlineData(null, "web-7d4b9c6f5-x2x5p", null, true)]
    [InlineData(null, "shop/web-7d4b9c6f5-x2x5p", null, true)]
    [InlineData("shop", "other/web-7d4b9c6f5-x2x5p", null, false)]
    [InlineData(null, "web", null, false)]
    [InlineData(null, null, 8080, true)]
    [InlineData(null, null, 41234, false)]
    public void Includes_ByPodAndPort(string? space, string? pod, int? port, bool expected) =>
        Assert.Equal(expected, new TraceFilter { Namespace = space, Pod = pod, Port = (ushort?)port }.Includes(TraceSamples.IdleClose));

    [Fact]
    public void Includes_ClientSide_PortIsTheServers()
    {
        Assert.True(new TraceFilter { Port = 5432 }.Includes(TraceSamples.Client));
        Assert.False(new TraceFilter { Port = 50000 }.Includes(TraceSamples.Client));
    }

    [Theory]
    [InlineData(LossCause.None, false)]
    [InlineData(LossCause.Unknown, false)]
    [InlineData(LossCause.AfterClose, true)]
    public void Includes_LostOnly_ShowsWhatIsSurelyLost(LossCause loss, bool expected) =>
        Assert.Equal(expected, new TraceFilter { LostOnly = true }.Includes(TraceSamples.IdleClose with { Loss = loss }));
}
