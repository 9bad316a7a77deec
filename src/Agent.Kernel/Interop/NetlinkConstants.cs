namespace Agent.Kernel.Interop;

/// <summary>Sources: include/uapi/linux/netlink.h, rtnetlink.h and net_namespace.h.</summary>
internal static class NetlinkConstants
{
    internal const int NETLINK_ROUTE = 0;
    internal const int NETLINK_SOCK_DIAG = 4;
    internal const int NETLINK_NETFILTER = 12;

    internal const int SOL_NETLINK = 270;
    internal const int NETLINK_ADD_MEMBERSHIP = 1;
    internal const int NETLINK_DROP_MEMBERSHIP = 2;
    internal const int NETLINK_NO_ENOBUFS = 5;
    internal const int NETLINK_LISTEN_ALL_NSID = 8;
    internal const int NETLINK_CAP_ACK = 10;
    internal const int NETLINK_EXT_ACK = 11;

    // struct nlmsghdr: u32 len, u16 type, u16 flags, u32 seq, u32 pid.
    internal const int NLMSG_HDRLEN = 16;
    internal const int NLMSG_ALIGNTO = 4;

    internal const ushort NLMSG_NOOP = 1;
    internal const ushort NLMSG_ERROR = 2;
    internal const ushort NLMSG_DONE = 3;
    internal const ushort NLMSG_OVERRUN = 4;
    internal const ushort NLMSG_MIN_TYPE = 16;

    internal const ushort NLM_F_REQUEST = 0x01;
    internal const ushort NLM_F_MULTI = 0x02;
    internal const ushort NLM_F_ACK = 0x04;
    internal const ushort NLM_F_DUMP_INTR = 0x10;
    internal const ushort NLM_F_DUMP_FILTERED = 0x20;
    internal const ushort NLM_F_DUMP = 0x300;

    // On NLMSG_ERROR and NLMSG_DONE only.
    internal const ushort NLM_F_CAPPED = 0x100;
    internal const ushort NLM_F_ACK_TLVS = 0x200;

    internal const ushort NLMSGERR_ATTR_MSG = 1;

    internal const int RTNLGRP_NSID = 28;
    internal const ushort RTM_NEWNSID = 88;
    internal const ushort RTM_DELNSID = 89;
    internal const ushort RTM_GETNSID = 90;

    // struct rtgenmsg: u8 family; padded.
    internal const int SizeofRtgenmsg = 4;
    internal const ushort NETNSA_NSID = 1;
    internal const ushort NETNSA_FD = 3;
    internal const int NETNSA_NSID_NOT_ASSIGNED = -1;

    // struct nlattr: u16 len, u16 type.
    internal const int NLA_HDRLEN = 4;
    internal const ushort NLA_F_NESTED = 0x8000;
    internal const ushort NLA_F_NET_BYTEORDER = 0x4000;
    internal const ushort NLA_TYPE_MASK = 0x3FFF;
}
