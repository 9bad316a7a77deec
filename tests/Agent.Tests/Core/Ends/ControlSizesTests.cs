using Agent.Core.Ends;
using Xunit;

namespace Agent.Tests.Core.Ends;

public sealed class ControlSizesTests
{
    [Theory]
    [InlineData(24u)] // close_notify in TLS 1.3
    [InlineData(31u)] // and in TLS 1.2 with GCM
    [InlineData(23u)] // and with ChaCha20
    [InlineData(53u)] // and with CBC and SHA-1
    [InlineData(57u)] // the MAC after the blocks
    [InlineData(69u)] // SHA-256
    [InlineData(85u)] // SHA-384
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

    /// <summary>As OpenSSL 3 sends them, each suite with and without encrypt-then-MAC.</summary>
    [Theory]
    [InlineData(AlertLength.Aead, 23u, 24u, 31u)]
    [InlineData(AlertLength.Cbc, 53u, 57u, 69u, 85u)]
    public void AlertOf_OnlyItsSizes(AlertLength alert, params uint[] sizes)
    {
        Assert.Equal(sizes, Enumerable.Range(0, 300).Select(static bytes => (uint)bytes).Where(bytes => ControlSizes.AlertOf(bytes) == alert));
        Assert.All(sizes, size => Assert.Equal(alert, ControlSizes.AlertAndFinOf(size + 1)));
        Assert.Equal(AlertLength.None, ControlSizes.AlertOf(ulong.MaxValue));
    }
}
