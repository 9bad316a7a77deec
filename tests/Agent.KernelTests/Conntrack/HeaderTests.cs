using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Agent.Kernel.Conntrack;
using Agent.KernelTests.Testing;
using Xunit;
using Constants = Agent.Kernel.Interop.ConntrackConstants;
using KernelLibc = Agent.Kernel.Interop.Libc;
using Netlink = Agent.Kernel.Interop.NetlinkConstants;
using Sockets = Agent.Kernel.Interop.SocketConstants;

namespace Agent.KernelTests.Conntrack;

/// <summary>Constants and layouts against this machine's headers.</summary>
public sealed class HeaderTests
{
    private static readonly string[] s_headers =
    [
        "sys/socket.h", "sys/time.h", "sys/epoll.h", "sys/eventfd.h", "time.h", "netinet/in.h", "fcntl.h",
        "linux/netlink.h", "linux/rtnetlink.h", "linux/net_namespace.h", "linux/sock_diag.h", "linux/netfilter/nfnetlink.h",
        "linux/netfilter/nfnetlink_conntrack.h", "linux/netfilter/nf_conntrack_common.h", "linux/netfilter/nf_conntrack_tcp.h",
    ];

    // Not names of C; and a mask that the header writes as an int, here one of 16 bits.
    private static readonly string[] s_ownNames =
    [
        "NFGENMSG_LENGTH", "NLA_TYPE_MASK", "SizeofRtgenmsg", "SizeofCmsghdr", "CmsgLevelOffset", "CmsgTypeOffset",
    ];

    [Theory]
    [InlineData(typeof(Netlink))]
    [InlineData(typeof(Constants))]
    [InlineData(typeof(Sockets))]
    public void Constants_EveryOne_HasTheHeadersValue(Type type)
    {
        var fields = type.GetFields(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)
            .Where(static field => field.IsLiteral && !s_ownNames.Contains(field.Name))
            .ToDictionary(static field => field.Name, static field => Convert.ToInt64(field.GetRawConstantValue(), null));

        Assert.NotEmpty(fields);
        Assert.Equal(CProbe.Evaluate(s_headers, fields.Keys).OrderBy(static pair => pair.Key), fields.OrderBy(static pair => pair.Key));
    }

    [Fact]
    public void Layouts_OfWhatIsSentAndReceived_AreTheHeaders()
    {
        var expected = new Dictionary<string, long>
        {
            ["sizeof(struct nlmsghdr)"] = Netlink.NLMSG_HDRLEN,
            ["offsetof(struct nlmsghdr, nlmsg_len)"] = 0,
            ["offsetof(struct nlmsghdr, nlmsg_type)"] = 4,
            ["offsetof(struct nlmsghdr, nlmsg_flags)"] = 6,
            ["offsetof(struct nlmsghdr, nlmsg_seq)"] = 8,
            ["offsetof(struct nlmsghdr, nlmsg_pid)"] = 12,
            ["sizeof(struct nlattr)"] = Netlink.NLA_HDRLEN,
            ["offsetof(struct nlattr, nla_len)"] = 0,
            ["offsetof(struct nlattr, nla_type)"] = 2,
            ["offsetof(struct nlmsgerr, error)"] = 0,
            ["offsetof(struct nlmsgerr, msg)"] = sizeof(int),
            ["sizeof(struct nfgenmsg)"] = Constants.NFGENMSG_LENGTH,
            ["offsetof(struct nfgenmsg, nfgen_family)"] = 0,
            ["sizeof(struct nf_ct_tcp_flags)"] = 2,
            ["offsetof(struct nf_ct_tcp_flags, flags)"] = 0,
            ["sizeof(struct sockaddr_nl)"] = Unsafe.SizeOf<KernelLibc.SockaddrNl>(),
            ["offsetof(struct sockaddr_nl, nl_pid)"] = Marshal.OffsetOf<KernelLibc.SockaddrNl>(nameof(KernelLibc.SockaddrNl.nl_pid)),
            ["NLMSG_ALIGN(sizeof(struct rtgenmsg))"] = Netlink.SizeofRtgenmsg,
            ["sizeof(struct cmsghdr)"] = Sockets.SizeofCmsghdr,
            ["offsetof(struct cmsghdr, cmsg_level)"] = Sockets.CmsgLevelOffset,
            ["offsetof(struct cmsghdr, cmsg_type)"] = Sockets.CmsgTypeOffset,
            ["sizeof(struct timeval)"] = Unsafe.SizeOf<KernelLibc.Timeval>(),
            ["offsetof(struct timeval, tv_usec)"] = Marshal.OffsetOf<KernelLibc.Timeval>(nameof(KernelLibc.Timeval.tv_usec)),
        };

        Assert.Equal(expected.OrderBy(static pair => pair.Key), CProbe.Evaluate(s_headers, expected.Keys).OrderBy(static pair => pair.Key));
    }

    [Fact]
    public void Enumerations_OfEntries_AreTheHeaders()
    {
        var expected = new Dictionary<string, long>
        {
            ["IPS_EXPECTED"] = (long)ConntrackStatus.Expected,
            ["IPS_SEEN_REPLY"] = (long)ConntrackStatus.SeenReply,
            ["IPS_ASSURED"] = (long)ConntrackStatus.Assured,
            ["IPS_CONFIRMED"] = (long)ConntrackStatus.Confirmed,
            ["IPS_SRC_NAT"] = (long)ConntrackStatus.SourceNat,
            ["IPS_DST_NAT"] = (long)ConntrackStatus.DestinationNat,
            ["IPS_DYING"] = (long)ConntrackStatus.Dying,
            ["IPS_FIXED_TIMEOUT"] = (long)ConntrackStatus.FixedTimeout,
            ["IPS_OFFLOAD"] = (long)ConntrackStatus.Offload,
            ["IPS_HW_OFFLOAD"] = (long)ConntrackStatus.HardwareOffload,
            ["IP_CT_TCP_FLAG_WINDOW_SCALE"] = (long)TcpConntrackFlags.WindowScale,
            ["IP_CT_TCP_FLAG_SACK_PERM"] = (long)TcpConntrackFlags.SackPermitted,
            ["IP_CT_TCP_FLAG_CLOSE_INIT"] = (long)TcpConntrackFlags.CloseInit,
            ["IP_CT_TCP_FLAG_BE_LIBERAL"] = (long)TcpConntrackFlags.BeLiberal,
            ["IP_CT_TCP_FLAG_DATA_UNACKNOWLEDGED"] = (long)TcpConntrackFlags.DataUnacknowledged,
            ["IP_CT_TCP_FLAG_MAXACK_SET"] = (long)TcpConntrackFlags.MaxAckSet,
            ["TCP_CONNTRACK_NONE"] = (long)TcpConntrackState.None,
            ["TCP_CONNTRACK_SYN_SENT"] = (long)TcpConntrackState.SynSent,
            ["TCP_CONNTRACK_SYN_RECV"] = (long)TcpConntrackState.SynRecv,
            ["TCP_CONNTRACK_ESTABLISHED"] = (long)TcpConntrackState.Established,
            ["TCP_CONNTRACK_FIN_WAIT"] = (long)TcpConntrackState.FinWait,
            ["TCP_CONNTRACK_CLOSE_WAIT"] = (long)TcpConntrackState.CloseWait,
            ["TCP_CONNTRACK_LAST_ACK"] = (long)TcpConntrackState.LastAck,
            ["TCP_CONNTRACK_TIME_WAIT"] = (long)TcpConntrackState.TimeWait,
            ["TCP_CONNTRACK_CLOSE"] = (long)TcpConntrackState.Close,
            ["TCP_CONNTRACK_SYN_SENT2"] = (long)TcpConntrackState.SynSent2,
        };

        Assert.Equal(expected.OrderBy(static pair => pair.Key), CProbe.Evaluate(s_headers, expected.Keys).OrderBy(static pair => pair.Key));
    }
}
