using System.Net;
using System.Net.Sockets;
using Agent.Kernel.Netlink;
using Agent.Kernel.SockDiag;
using Agent.KernelTests.Testing;
using Xunit;

namespace Agent.KernelTests.SockDiag;

public sealed class SocketDumpTests : IDisposable
{
    private readonly NetworkNamespaceFixture _namespace = new();

    public static TheoryData<bool> Backends => [true, false];

    public void Dispose() => _namespace.Dispose();

    [Theory]
    [MemberData(nameof(Backends))]
    public void Dump_ServerOnAnyAddress_CountsItsIPv4ClientOnceAsIPv4(bool netlink) => _namespace.Inside(() =>
    {
        using var pair = TcpPair.Open(IPAddress.IPv6Any, IPAddress.Loopback);

        var server = Assert.Single(Read(netlink), socket => socket.State == TcpState.Established && socket.Tuple.SourcePort == pair.Port);

        Assert.True(server.IsInet6);
        Assert.True(server.Tuple.Source.IsIPv4);
        Assert.Equal("127.0.0.1", server.Tuple.Destination.ToString());
        Assert.Equal(((IPEndPoint)pair.Client.LocalEndPoint!).Port, server.Tuple.DestinationPort);
        Assert.Single(Read(netlink), socket => socket.State == TcpState.Established && socket.Tuple.DestinationPort == pair.Port);
        return 0;
    });

    [Theory]
    [MemberData(nameof(Backends))]
    public void Dump_OrphanedFinWait2_IsThereWithoutAnOwner(bool netlink) => _namespace.Inside(() =>
    {
        using var pair = TcpPair.Open(IPAddress.Loopback);
        pair.Server!.Close();

        var sockets = SocketList.Await(() => Read(netlink), found => found.Exists(socket => socket.State == TcpState.FinWait2));
        var orphan = Assert.Single(sockets, socket => socket.State == TcpState.FinWait2);

        Assert.Equal(0UL, orphan.Inode);
        Assert.Equal(3, orphan.Timer);
        Assert.InRange(orphan.ExpiresMilliseconds, 1_000u, 60_000u);
        Assert.False(orphan.Has(TcpSocketFields.Ages));
        Assert.True(orphan.IsHalfClosed);
        Assert.Single(sockets, socket => socket.State == TcpState.CloseWait && socket.Inode != 0);
        return 0;
    });

    [Theory]
    [MemberData(nameof(Backends))]
    public void Dump_OwnedFinWait2_HasItsOwner(bool netlink) => _namespace.Inside(() =>
    {
        using var pair = TcpPair.Open(IPAddress.IPv6Loopback);
        pair.Client.Shutdown(SocketShutdown.Send);

        var sockets = SocketList.Await(() => Read(netlink), found => found.Exists(socket => socket.State == TcpState.FinWait2));

        Assert.NotEqual(0UL, Assert.Single(sockets, socket => socket.State == TcpState.FinWait2).Inode);
        return 0;
    });

    [Theory]
    [MemberData(nameof(Backends))]
    public void Dump_LastAckAndTimeWait_AreNotHalfClosed(bool netlink) => _namespace.Inside(() =>
    {
        using var closed = TcpPair.Open(IPAddress.Loopback);
        closed.Client.Close();
        closed.Server!.Close();
        using var lost = TcpPair.Open(IPAddress.Loopback);
        lost.Client.Shutdown(SocketShutdown.Send);
        _ = SocketList.Await(() => Read(netlink), found => found.Exists(socket => socket.State == TcpState.CloseWait));
        _namespace.Execute("iptables", "-A", "INPUT", "-p", "tcp", "--sport", $"{lost.Port}", "--tcp-flags", "FIN", "FIN", "-j", "DROP");
        lost.Server!.Close();

        var sockets = SocketList.Await(() => Read(netlink), found => found.Exists(socket => socket.State == TcpState.LastAck));

        Assert.False(Assert.Single(sockets, socket => socket.State == TcpState.LastAck).IsHalfClosed);
        Assert.False(Assert.Single(sockets, socket => socket.State == TcpState.TimeWait).IsHalfClosed);
        Assert.Equal(lost.Port, Assert.Single(sockets, socket => socket.IsHalfClosed).Tuple.DestinationPort);
        return 0;
    });

    [Theory]
    [MemberData(nameof(Backends))]
    public void Dump_UnacceptedCloseWait_HasNoInodeAndItsUnreadBytes(bool netlink) => _namespace.Inside(() =>
    {
        using var pair = TcpPair.Open(IPAddress.Loopback, accept: false);
        pair.Client.Send("12345"u8);
        pair.Client.Shutdown(SocketShutdown.Send);

        var sockets = SocketList.Await(() => Read(netlink), found => found.Exists(socket => socket.State == TcpState.CloseWait));
        var unaccepted = Assert.Single(sockets, socket => socket.State == TcpState.CloseWait);

        Assert.Equal(0UL, unaccepted.Inode);
        Assert.Equal(6u, unaccepted.ReceiveQueue); // the FIN counts as one
        var listener = Assert.Single(sockets, socket => socket.State == TcpState.Listen);
        Assert.Equal(1u, listener.ReceiveQueue);
        return 0;
    });

    [Theory]
    [MemberData(nameof(Backends))]
    public void Dump_EveryKindOfSocket_CountsAsSsDoes(bool netlink) => _namespace.Inside(() =>
    {
        using var mixture = SocketMixture.Open(_namespace);
        var expected = _namespace.Execute("ss", "-Htan").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .CountBy(static line => line.Split(' ')[0]).OrderBy(static pair => pair.Key, StringComparer.Ordinal);

        var counted = Read(netlink).CountBy(static socket => SsName(socket.State)).OrderBy(static pair => pair.Key, StringComparer.Ordinal);

        Assert.Equal(expected, counted);
        Assert.True(counted.Count() >= 8, string.Join(' ', counted));
        return 0;
    });

    [Fact]
    public void Dump_NetlinkAndProcFs_AgreeOnEverySocket() => _namespace.Inside(() =>
    {
        using var mixture = SocketMixture.Open(_namespace);

        Assert.Equal(Describe(SocketList.FromProcFs()), Describe(SocketList.FromNetlink()));
        Assert.Equal(Describe(SocketList.FromProcFs(states: TcpStates.HalfClosed)), Describe(SocketList.FromNetlink(TcpStates.HalfClosed)));
        return 0;

        // /proc shows no limit of the accept queue.
        static uint SendQueue(in TcpSocket socket) => socket.State == TcpState.Listen ? 0 : socket.SendQueue;

        static IEnumerable<string> Describe(List<TcpSocket> sockets) => sockets.Select(static socket =>
            $"{socket.Tuple} {socket.State} {socket.ReceiveQueue} {SendQueue(socket)} {socket.Inode} {socket.Uid} {socket.IsInet6}").Order(StringComparer.Ordinal);
    });

    [Fact]
    public void Dump_StateMask_IsHeldByTheKernel() => _namespace.Inside(() =>
    {
        using var mixture = SocketMixture.Open(_namespace);

        Assert.All(SocketList.FromNetlink(TcpStates.HalfClosed), static socket => Assert.True(socket.IsHalfClosed));
        Assert.All(SocketList.FromNetlink(TcpStates.Listen), static socket => Assert.Equal(TcpState.Listen, socket.State));
        Assert.Equal(
            SocketList.FromNetlink().Count(static socket => socket.IsHalfClosed),
            SocketList.FromNetlink(TcpStates.HalfClosed, SockDiagExtensions.None).Count);
        return 0;
    });

    [Fact]
    public void Dump_WithInfo_HasAgesThatGrow() => _namespace.Inside(() =>
    {
        using var pair = TcpPair.Open(IPAddress.Loopback);
        var before = Environment.TickCount64;
        pair.Client.Shutdown(SocketShutdown.Send);
        var sockets = SocketList.Await(
            () => SocketList.FromNetlink(TcpStates.HalfClosed),
            static found => found.Exists(static socket => socket.State == TcpState.CloseWait && socket.LastAckReceivedMilliseconds >= 300));
        var waited = Environment.TickCount64 - before;

        var half = Assert.Single(sockets, static socket => socket.State == TcpState.CloseWait);
        Assert.True(half.Has(TcpSocketFields.Ages | TcpSocketFields.Bytes));
        Assert.InRange(half.LastAckReceivedMilliseconds, 300u, (uint)waited + 50);
        Assert.True(half.LastDataReceivedMilliseconds + 50 >= half.LastAckReceivedMilliseconds);
        Assert.DoesNotContain(SocketList.FromNetlink(extensions: SockDiagExtensions.None), static socket => socket.Has(TcpSocketFields.Ages));
        return 0;
    });

    [Theory]
    [MemberData(nameof(Backends))]
    public void Dump_Listener_HasTheQueueThatSsShowsAndItsLimitByNetlinkOnly(bool netlink) => _namespace.Inside(() =>
    {
        using var pair = TcpPair.Open(IPAddress.Loopback, accept: false);
        var columns = _namespace.Execute("ss", "-Htln").Split(' ', StringSplitOptions.RemoveEmptyEntries);

        var listener = Assert.Single(Read(netlink, TcpStates.Listen));

        Assert.Equal(columns[1], $"{listener.ReceiveQueue}");
        Assert.Equal("1", columns[1]);
        Assert.Equal("7", columns[2]);
        Assert.Equal(netlink ? 7u : 0u, listener.SendQueue);
        return 0;
    });

    [Fact]
    public void TryFind_ClosedFirst_IsFoundOnItsSideOnly() => _namespace.Inside(() =>
    {
        using var buffer = new NetlinkBuffer();
        using var diag = SockDiagNetlink.Open(buffer);
        using var pair = TcpPair.Open(IPAddress.IPv6Any, IPAddress.Loopback);
        var server = SocketList.FromNetlink(TcpStates.Established).Single(socket => socket.Tuple.SourcePort == pair.Port).Tuple;
        Assert.True(diag.TryFind(server, out var socket));
        Assert.Equal((TcpState.Established, server), (socket.State, socket.Tuple));

        pair.Server!.Close();
        SocketList.Await(() => SocketList.FromNetlink(), found => found.Exists(candidate => candidate.State == TcpState.FinWait2));
        Assert.True(diag.TryFind(server, out socket));
        Assert.Equal((TcpState.FinWait2, 0UL), (socket.State, socket.Inode));

        pair.Client.Close();
        SocketList.Await(() => SocketList.FromNetlink(), found => found.Exists(candidate => candidate.State == TcpState.TimeWait));
        Assert.True(diag.TryFind(server, out socket));
        Assert.Equal((TcpState.TimeWait, server), (socket.State, socket.Tuple));
        Assert.False(diag.TryFind(server.Reversed, out _));
        return 0;
    });

    [Fact]
    public void TryFind_NoSuchConnectionAtAPortThatListens_IsNotFound() => _namespace.Inside(() =>
    {
        using var buffer = new NetlinkBuffer();
        using var diag = SockDiagNetlink.Open(buffer);
        using var pair = TcpPair.Open(IPAddress.IPv6Loopback);
        var server = SocketList.FromNetlink(TcpStates.Established).Single(socket => socket.Tuple.SourcePort == pair.Port).Tuple;

        Assert.False(diag.TryFind(server with { DestinationPort = 1 }, out _));
        Assert.True(diag.TryFind(server, out _));
        return 0;
    });

    private static List<TcpSocket> Read(bool netlink, uint states = TcpStates.All) =>
        netlink ? SocketList.FromNetlink(states) : SocketList.FromProcFs(states: states);

    private static string SsName(TcpState state) => state switch
    {
        TcpState.Established => "ESTAB",
        TcpState.SynSent => "SYN-SENT",
        TcpState.SynRecv => "SYN-RECV",
        TcpState.FinWait1 => "FIN-WAIT-1",
        TcpState.FinWait2 => "FIN-WAIT-2",
        TcpState.TimeWait => "TIME-WAIT",
        TcpState.Close => "UNCONN",
        TcpState.CloseWait => "CLOSE-WAIT",
        TcpState.LastAck => "LAST-ACK",
        TcpState.Listen => "LISTEN",
        _ => state.ToString().ToUpperInvariant(),
    };
}
