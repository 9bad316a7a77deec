using Agent.Core.Ends;
using Xunit;

namespace Agent.Tests.Core.Ends;

public sealed class ControlSizesTests
{
    [Theory]
    [InlineData(24u)] // close_notify in TLS 1.3
    [InlineData(31u)] // and in TLS 1.2 with GCM
    [InlineData(23u)] // and with ChaCha20
    [InlineData(69u)] // and with CBC and SHA-256
    [InlineData(39u)] // PING or GOAWAY in TLS 1.3
    [InlineData(63u)] // GOAWAY and close_notify
    [InlineData(17u)] // PING without TLS
    [InlineData(30u)] // WINDOW_UPDATE and PING, as gRPC measures a path
    public void MayBeControl_SizesOfAlertsAndFrames_True(uint bytes) => Assert.True(ControlSizes.MayBeControl(bytes));

    [Theory]
    [InlineData(0u)]
    [InlineData(1u)]
    [InlineData(18u)] // GET / HTTP/1.0
    [InlineData(44u)]
    [InlineData(80u)]
    [InlineData(1000u)]
    [InlineData(uint.MaxValue)]
    public void MayBeControl_SizesOfRequests_False(uint bytes) => Assert.False(ControlSizes.MayBeControl(bytes));
}
