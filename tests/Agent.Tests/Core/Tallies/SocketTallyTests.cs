using Agent.Core.Tallies;
using Agent.Kernel.SockDiag;
using Xunit;

namespace Agent.Tests.Core.Tallies;

public sealed class SocketTallyTests
{
    [Fact]
    public void KeepPorts_MoreThanAreKept_KeepsThoseThatMatter()
    {
        var tally = Listening(1, 32_000);
        tally.Add(Make.Socket("0.0.0.0:20000 0.0.0.0:0", TcpState.Listen, receiveQueue: 3));
        tally.Add(Make.Socket("10.0.0.1:30000 10.0.0.2:5000", TcpState.TimeWait));
        tally.Add(Make.Socket("10.0.0.1:29000 10.0.0.2:5000", TcpState.Established));

        Assert.Equal(32_000 - 5, tally.KeepPorts(5));
        Assert.Equal([20_000, 29_000, 30_000, 1, 2], tally.Ports.ToArray().Select(static port => (int)port.Port));

        // What comes later is counted at the ports that are left, and nowhere else.
        tally.Add(Make.Socket("10.0.0.1:2 10.0.0.2:5000", TcpState.Established));
        tally.Add(Make.Socket("10.0.0.1:3 10.0.0.2:5000", TcpState.Established));
        Assert.Equal([0, 1, 0, 0, 1], tally.Ports.ToArray().Select(static port => port.Established));
        tally.Restart();
        tally.Add(Make.Socket("0.0.0.0:3 0.0.0.0:0", TcpState.Listen));
        Assert.Equal(3, tally.Ports[0].Port);
    }

    [Fact]
    public void Idle_PortsThatComeAndGo_AreForgotten()
    {
        var watch = new IdleWatch();
        for (var scan = 0; scan < 20; scan++)
        {
            var tally = Listening(1 + (scan * 100), 100);
            watch.Complete(TimeSpan.FromSeconds(15 * scan), tally.Ports);
            Assert.InRange(watch.Ports, 100, IdleWatch.MaxPorts);
            Assert.NotNull(watch.Port((ushort)(1 + (scan * 100))));
        }
    }

    private static SocketTally Listening(int first, int count)
    {
        var tally = new SocketTally();
        tally.Begin(new(isHost: false), 0, 1, null, [], new HalfClosedTable(), null);
        for (var port = first; port < first + count; port++)
        {
            tally.Add(Make.Socket($"0.0.0.0:{port} 0.0.0.0:0", TcpState.Listen));
        }

        return tally;
    }
}
