using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Agent.Kernel.ProcFs;
using Agent.Kernel.SockDiag;
using Agent.KernelTests.Testing;
using Xunit;

namespace Agent.KernelTests.ProcFs;

public sealed class NetDirectoryTests : IDisposable
{
    private readonly NetworkNamespaceFixture _namespace = new();
    private readonly IdleProcess _process;
    private readonly NetDirectory _tables = new();

    public NetDirectoryTests() => _process = IdleProcess.Start(_namespace);

    private string NetPath => $"/proc/{_process.Pid}/net";

    public void Dispose()
    {
        _process.Dispose();
        _namespace.Dispose();
    }

    [Fact]
    public void ReadCounters_AfterResetsAndFullQueues_EqualsNstat()
    {
        _namespace.Inside(() =>
        {
            using var mixture = SocketMixture.Open(_namespace);
            using var reset = TcpPair.Open(IPAddress.Loopback);
            reset.Client.LingerState = new LingerOption(true, 0);
            reset.Client.Close();
            using var unread = TcpPair.Open(IPAddress.Loopback);
            unread.Client.Send("unread"u8);
            _ = SocketList.Await(() => SocketList.FromProcFs(), found => found.Exists(socket => socket.ReceiveQueue == 6 && socket.Tuple.SourcePort == unread.Port));
            unread.Server!.Close();
            return 0;
        });

        // Lost packets are sent again at any time, so the two are read until nothing happened in between.
        var (before, nstat, after) = (_tables.ReadCounters(NetPath)!, Nstat(), _tables.ReadCounters(NetPath)!);
        for (var tries = 0; before != after && tries < 100; tries++)
        {
            (before, nstat, after) = (_tables.ReadCounters(NetPath)!, Nstat(), _tables.ReadCounters(NetPath)!);
        }

        Assert.Equal(nstat["TcpOutRsts"], after.ResetsSent);
        Assert.Equal(nstat["TcpEstabResets"], after.EstablishedResets);
        Assert.Equal(nstat["TcpActiveOpens"], after.ActiveOpens);
        Assert.Equal(nstat["TcpPassiveOpens"], after.PassiveOpens);
        Assert.Equal(nstat["TcpRetransSegs"], after.RetransmittedSegments);
        Assert.Equal(nstat["TcpExtTCPAbortOnData"], after.AbortOnData);
        Assert.Equal(nstat["TcpExtTCPAbortOnClose"], after.AbortOnClose);
        Assert.Equal(nstat["TcpExtTCPAbortOnTimeout"], after.AbortOnTimeout);
        Assert.Equal(nstat["TcpExtListenOverflows"], after.ListenOverflows);
        Assert.Equal(nstat["TcpExtListenDrops"], after.ListenDrops);
        Assert.Equal(nstat["TcpExtTW"], after.TimeWaits);
        Assert.Equal(nstat["TcpExtTCPReqQFullDrop"], after.SynQueueDrops);
        Assert.Equal(nstat["TcpExtTCPReqQFullDoCookies"], after.SynQueueCookies);
        Assert.Equal(nstat["TcpExtTCPTimeWaitOverflow"], after.TimeWaitOverflows);
        Assert.True(after.ResetsSent >= 2);
        Assert.True(after.AbortOnClose >= 1);
        Assert.True(after.PassiveOpens >= 10);
    }

    [Fact]
    public void ReadAddresses_BothFamilies_AreTheNamespacesOwn()
    {
        _namespace.Ip("address add 10.244.7.9/24 dev lo", "address add fd00:10:244::9/64 dev lo nodad", "address add 169.254.7.9/16 dev lo");
        var addresses = LocalAddresses.OfPod();

        Assert.True(_tables.ReadAddresses(NetPath, addresses));

        Assert.Equal(["10.244.7.9", "fd00:10:244::9"], addresses.All.Select(static address => address.ToString()));
        Assert.False(addresses.IsCut);
    }

    [Fact]
    public void ReadAddresses_MoreThanAreKept_IsCutAndSaysSo()
    {
        _namespace.Ip([.. Enumerable.Range(0, 3000).Select(static i => $"address add 10.9.{i >> 8}.{i & 255}/32 dev lo")]);
        var addresses = LocalAddresses.OfPod();
        Assert.True(_tables.ReadAddresses(NetPath, addresses));
        Assert.True(addresses.IsCut);
        Assert.InRange(addresses.All.Count, 900, 1024);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void MaybeSockets_FirstSocketOfEitherFamily_IsNoticed(bool inet6)
    {
        Assert.False(_tables.MaybeSockets(NetPath));
        using (_namespace.Inside(() => TcpPair.Open(inet6 ? IPAddress.IPv6Loopback : IPAddress.Loopback)))
        {
            Assert.True(_tables.MaybeSockets(NetPath));
        }
    }

    [Fact]
    public void EveryTable_OfAProcessThatIsGone_IsGone()
    {
        var path = NetPath;
        _process.Kill();
        var list = new SocketList();

        Assert.Null(_tables.ReadCounters(path));
        Assert.False(_tables.ReadAddresses(path, LocalAddresses.OfPod()));
        Assert.False(_tables.TryDumpSockets(path, ref list, out _, cancellationToken: TestContext.Current.CancellationToken));
    }

    [Fact]
    public void TryDumpSockets_WithoutCapabilities_GivesTheSameSocketsFromOutside()
    {
        var (expected, actual) = _namespace.Inside(() =>
        {
            using var mixture = SocketMixture.Open(_namespace);
            return (Count(SocketList.FromNetlink()), Unprivileged.Run(() => Count(SocketList.FromProcFs(NetPath))));
        });

        Assert.Equal(expected, actual);
        Assert.True(expected.Count >= 8);
    }

    [Fact]
    public void TryDumpSockets_MoreThanOneBufferful_MissesNoLine()
    {
        _namespace.Inside(() =>
        {
            var sockets = Enumerable.Range(0, 600).Select(_ => TcpPair.Open(IPAddress.IPv6Any, IPAddress.Loopback)).ToList();
            var found = SocketList.FromProcFs();
            Assert.Equal(600, found.Count(static socket => socket.State == TcpState.Listen));
            Assert.Equal(1200, found.Count(static socket => socket.State == TcpState.Established));
            Assert.Equal(1200, SocketList.FromNetlink(TcpStates.Established).Count);
            sockets.ForEach(static pair => pair.Dispose());
            return 0;
        });
    }

    private static List<KeyValuePair<TcpState, int>> Count(List<TcpSocket> sockets) =>
        [.. sockets.CountBy(static socket => socket.State).OrderBy(static pair => pair.Key)];

    private Dictionary<string, ulong> Nstat() => _namespace.Execute("nstat", "-asz").Split('\n')
        .Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Where(static fields => fields.Length >= 2 && fields[0] != "#kernel")
        .ToDictionary(static fields => fields[0], static fields => ulong.Parse(fields[1], CultureInfo.InvariantCulture));
}
