namespace Agent.Kernel.Interop;

/// <summary>Sources: include/uapi/linux/netfilter/nfnetlink.h and nfnetlink_conntrack.h.</summary>
internal static class ConntrackConstants
{
    // struct nfgenmsg: u8 family, u8 version, be16 res_id.
    internal const int NFGENMSG_LENGTH = 4;

    internal const ushort NFNL_SUBSYS_CTNETLINK = 1;

    internal const ushort IPCTNL_MSG_CT_NEW = 0;
    internal const ushort IPCTNL_MSG_CT_GET = 1;
    internal const ushort IPCTNL_MSG_CT_GET_STATS_CPU = 4;
    internal const ushort IPCTNL_MSG_CT_GET_STATS = 5;

    internal const ushort CTA_TUPLE_ORIG = 1;
    internal const ushort CTA_TUPLE_REPLY = 2;
    internal const ushort CTA_STATUS = 3;
    internal const ushort CTA_PROTOINFO = 4;
    internal const ushort CTA_HELP = 5;
    internal const ushort CTA_TIMEOUT = 7;
    internal const ushort CTA_MARK = 8;
    internal const ushort CTA_COUNTERS_ORIG = 9;
    internal const ushort CTA_COUNTERS_REPLY = 10;
    internal const ushort CTA_USE = 11;
    internal const ushort CTA_ID = 12;
    internal const ushort CTA_SEQ_ADJ_ORIG = 15;
    internal const ushort CTA_SEQ_ADJ_REPLY = 16;
    internal const ushort CTA_ZONE = 18;
    internal const ushort CTA_TIMESTAMP = 20;
    internal const ushort CTA_LABELS = 22;
    internal const ushort CTA_SYNPROXY = 24;

    internal const ushort CTA_TUPLE_IP = 1;
    internal const ushort CTA_TUPLE_PROTO = 2;
    internal const ushort CTA_TUPLE_ZONE = 3;

    internal const ushort CTA_IP_V4_SRC = 1;
    internal const ushort CTA_IP_V4_DST = 2;
    internal const ushort CTA_IP_V6_SRC = 3;
    internal const ushort CTA_IP_V6_DST = 4;

    internal const ushort CTA_PROTO_NUM = 1;
    internal const ushort CTA_PROTO_SRC_PORT = 2;
    internal const ushort CTA_PROTO_DST_PORT = 3;
    internal const ushort CTA_PROTO_ICMP_ID = 4;
    internal const ushort CTA_PROTO_ICMP_TYPE = 5;
    internal const ushort CTA_PROTO_ICMP_CODE = 6;
    internal const ushort CTA_PROTO_ICMPV6_ID = 7;
    internal const ushort CTA_PROTO_ICMPV6_TYPE = 8;
    internal const ushort CTA_PROTO_ICMPV6_CODE = 9;

    internal const ushort CTA_PROTOINFO_TCP = 1;
    internal const ushort CTA_PROTOINFO_SCTP = 3;
    internal const ushort CTA_PROTOINFO_TCP_STATE = 1;
    internal const ushort CTA_PROTOINFO_TCP_WSCALE_ORIGINAL = 2;
    internal const ushort CTA_PROTOINFO_TCP_WSCALE_REPLY = 3;
    internal const ushort CTA_PROTOINFO_TCP_FLAGS_ORIGINAL = 4;
    internal const ushort CTA_PROTOINFO_TCP_FLAGS_REPLY = 5;
    internal const ushort CTA_PROTOINFO_SCTP_STATE = 1;
    internal const ushort CTA_PROTOINFO_SCTP_VTAG_ORIGINAL = 2;
    internal const ushort CTA_PROTOINFO_SCTP_VTAG_REPLY = 3;

    internal const ushort CTA_STATS_FOUND = 2;
    internal const ushort CTA_STATS_INVALID = 4;
    internal const ushort CTA_STATS_INSERT = 8;
    internal const ushort CTA_STATS_INSERT_FAILED = 9;
    internal const ushort CTA_STATS_DROP = 10;
    internal const ushort CTA_STATS_EARLY_DROP = 11;
    internal const ushort CTA_STATS_ERROR = 12;
    internal const ushort CTA_STATS_SEARCH_RESTART = 13;
    internal const ushort CTA_STATS_CLASH_RESOLVE = 14;
    internal const ushort CTA_STATS_CHAIN_TOOLONG = 15;

    internal const ushort CTA_STATS_GLOBAL_ENTRIES = 1;
    internal const ushort CTA_STATS_GLOBAL_MAX_ENTRIES = 2;
}
