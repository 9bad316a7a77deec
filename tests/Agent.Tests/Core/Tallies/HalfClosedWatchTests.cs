using Agent.Core.Tallies;
using Agent.Kernel.Conntrack;
using Agent.Kernel.SockDiag;
using Xunit;

namespace Agent.Tests.Core.Tallies;

public sealed class HalfClosedWatchTests
{
    private static readonly TimeSpan s_later = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(7, 7, true)]
    [InlineData(7, 8, false)] // another socket of the same two ends
    [InlineData(7, 0, true)] // its process has closed it: the kernel keeps no inode
    [InlineData(0, 7, true)]
    public void Update_SameEndsAgain_OnlyTheSameSocketHasAPast(ulong before, ulong now, bool isSame)
    {
        var watch = new HalfClosedWatch();
        Assert.Equal(default, PastOf(watch, before, TimeSpan.Zero));
        Assert.Equal(isSame ? new HalfClosedPast(s_later, true, false) : default, PastOf(watch, now, s_later));
    }

    private static HalfClosedPast PastOf(HalfClosedWatch watch, ulong inode, TimeSpan now)
    {
        const string Ends = "10.0.0.1:80 10.0.0.2:5000";
        var socket = Make.Socket(Ends, TcpState.CloseWait);
        socket.Inode = inode;
        HalfClosedSocket[] sockets = [new(socket, 1, new NamespaceTracking(isHost: false), staysInNamespace: false)];
        sockets[0].SetHostEntry(Make.Flow(Ends, TcpConntrackState.CloseWait), isInitiator: true);
        watch.Update(now, sockets);
        return sockets[0].Past;
    }
}
