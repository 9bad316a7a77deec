using Agent.Core.Attribution;
using Agent.Core.Model;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Net;
using Agent.Kernel.SockDiag;

namespace Agent.Tests.Core.Tallies;

/// <summary>Short ways to write down sockets and entries.</summary>
internal static class Make
{
    public static IpAddress Address(string text) => IpAddress.TryParse(text, out var address) ? address : throw new ArgumentException(text, nameof(text));

    /// <summary><c>10.0.0.1:80 10.0.0.2:5000</c>, source first.</summary>
    public static ConnectionTuple Tuple(string text)
    {
        var ends = text.Split(' ');
        var (source, sourcePort) = End(ends[0]);
        var (destination, destinationPort) = End(ends[1]);
        return new ConnectionTuple(source, destination, sourcePort, destinationPort);
    }

    public static TcpSocket Socket(string tuple, TcpState state, uint idleMilliseconds = 0, uint expiresMilliseconds = 0, uint receiveQueue = 0, ulong cgroupId = 0) => new()
    {
        Tuple = Tuple(tuple),
        State = state,
        LastDataReceivedMilliseconds = idleMilliseconds,
        LastDataSentMilliseconds = idleMilliseconds,
        LastAckReceivedMilliseconds = idleMilliseconds,
        ExpiresMilliseconds = expiresMilliseconds,
        ReceiveQueue = receiveQueue,
        CgroupId = cgroupId,
        Inode = 1,
        Present = TcpSocketFields.Ages | (cgroupId == 0 ? 0 : TcpSocketFields.CgroupId),
    };

    /// <summary>A TCP entry; without <paramref name="reply"/> there is no NAT.</summary>
    public static ConntrackFlow Flow(string original, TcpConntrackState state, bool? originalFirst = null, uint timeoutSeconds = 60, string? reply = null)
    {
        var tuple = Tuple(original);
        return new ConntrackFlow
        {
            Original = tuple,
            Reply = reply is null ? tuple.Reversed : Tuple(reply),
            Protocol = 6,
            TcpState = state,
            TimeoutSeconds = timeoutSeconds,
            TcpFlagsOriginal = originalFirst == true ? TcpConntrackFlags.CloseInit : 0,
            TcpFlagsReply = originalFirst == false ? TcpConntrackFlags.CloseInit : 0,
            Present = ConntrackFields.TcpState | ConntrackFields.Timeout | ConntrackFields.TcpFlags,
        };
    }

    public static Owner Owner(string name, int namespaceIndex = 1, bool hostNetwork = false) =>
        new(new PodIdentity(PodKind.Pod, "shop", name, name), [namespaceIndex], hostNetwork, null, null);

    private static (IpAddress Address, ushort Port) End(string text)
    {
        var colon = text.LastIndexOf(':');
        return (Address(text[..colon].Trim('[', ']')), ushort.Parse(text[(colon + 1)..], System.Globalization.CultureInfo.InvariantCulture));
    }
}
