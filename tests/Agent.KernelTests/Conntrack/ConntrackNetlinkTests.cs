using Agent.Kernel.Conntrack;
using Agent.Kernel.Net;
using Agent.KernelTests.Testing;
using Xunit;

namespace Agent.KernelTests.Conntrack;

public sealed class ConntrackNetlinkTests : IDisposable
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(10);

    private readonly NetworkNamespaceFixture _namespace = new();

    public void Dispose() => _namespace.Dispose();

    [Fact]
    public void TryLookup_EitherDirection_FindsTheEntry()
    {
        _namespace.Execute(
            "conntrack", "-I", "-p", "tcp", "--src", "10.0.0.1", "--dst", "10.96.0.1", "--sport", "4242", "--dport", "80",
            "--reply-src", "10.244.0.7", "--reply-dst", "10.0.0.1", "--reply-port-src", "8080", "--reply-port-dst", "4242",
            "--state", "CLOSE_WAIT", "-t", "3600", "-u", "SEEN_REPLY,ASSURED");
        using var table = _namespace.Inside(() => ConntrackNetlink.Open(s_timeout));

        Assert.True(table.TryLookup(6, Tuple("10.0.0.1", 4242, "10.96.0.1", 80), out var fromClient));
        Assert.True(table.TryLookup(6, Tuple("10.244.0.7", 8080, "10.0.0.1", 4242), out var fromServer));
        Assert.False(table.TryLookup(6, Tuple("10.244.0.7", 8081, "10.0.0.1", 4242), out _));
        Assert.Equal(TcpConntrackState.CloseWait, fromClient.TcpState);
        Assert.Equal(fromClient.Id, fromServer.Id);
        Assert.InRange(fromServer.TimeoutSeconds, 3500u, 3600u);
    }

    [Fact]
    public void TryLookup_EntryOfAZone_IsFoundInThatZoneOnly()
    {
        _namespace.Execute(
            "conntrack", "-I", "-p", "tcp", "--src", "10.0.0.1", "--dst", "10.0.0.2", "--sport", "4242", "--dport", "80",
            "--state", "CLOSE_WAIT", "-t", "3600", "-u", "SEEN_REPLY,ASSURED", "--zone", "7");
        using var table = _namespace.Inside(() => ConntrackNetlink.Open(s_timeout));

        Assert.True(table.TryLookup(6, Tuple("10.0.0.2", 80, "10.0.0.1", 4242), out var flow, zone: 7));
        Assert.Equal((7, false), (flow.Zone, flow.IsTranslated));
        Assert.False(table.TryLookup(6, Tuple("10.0.0.2", 80, "10.0.0.1", 4242), out _));
        Assert.False(table.TryLookup(6, Tuple("10.0.0.2", 80, "10.0.0.1", 4242), out _, zone: 8));
    }

    [Fact]
    public void ReadCount_OneEntry_IsOne()
    {
        _namespace.Execute(
            "conntrack", "-I", "-p", "udp", "--src", "fd00::1", "--dst", "fd00::2", "--sport", "1", "--dport", "53", "-t", "3600");
        using var table = _namespace.Inside(() => ConntrackNetlink.Open(s_timeout));

        var count = table.ReadCount();

        Assert.Equal(1, count.Entries);
        Assert.True(count.Limit > 0);
    }

    private static ConnectionTuple Tuple(string source, ushort sourcePort, string destination, ushort destinationPort)
    {
        Assert.True(IpAddress.TryParse(source, out var from));
        Assert.True(IpAddress.TryParse(destination, out var to));
        return new(from, to, sourcePort, destinationPort);
    }
}
