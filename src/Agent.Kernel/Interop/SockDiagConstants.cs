namespace Agent.Kernel.Interop;

/// <summary>Sources: include/uapi/linux/sock_diag.h, inet_diag.h and tcp.h.</summary>
internal static class SockDiagConstants
{
    internal const ushort TCPDIAG_GETSOCK = 18;
    internal const ushort SOCK_DIAG_BY_FAMILY = 20;

    internal const int SKNLGRP_INET_TCP_DESTROY = 1;
    internal const int SKNLGRP_INET6_TCP_DESTROY = 3;

    internal const int INET_DIAG_INFO = 2;
    internal const int INET_DIAG_SHUTDOWN = 8;
    internal const int INET_DIAG_PROTOCOL = 10;
    internal const int INET_DIAG_CGROUP_ID = 21;

    // struct inet_diag_req: u8 family, src_len, dst_len, ext; inet_diag_sockid; u32 states; u32 dbs.
    internal const int SizeofInetDiagReq = 60;
    internal const int IdiagExtOffset = 3;
    internal const int IdiagStatesOffset = 52;

    // struct inet_diag_req_v2: u8 family, protocol, ext, pad; u32 states; inet_diag_sockid.
    internal const int SizeofInetDiagReqV2 = 56;
    internal const int V2ProtocolOffset = 1;
    internal const int V2ExtOffset = 2;
    internal const int V2StatesOffset = 4;
    internal const int V2IdOffset = 8;

    // struct inet_diag_sockid: be16 sport, dport; be32 src[4], dst[4]; u32 if; u32 cookie[2].
    internal const int IdDportOffset = 2;
    internal const int IdSrcOffset = 4;
    internal const int IdDstOffset = 20;
    internal const int IdCookieOffset = 40;
    internal const ulong INET_DIAG_NOCOOKIE = ulong.MaxValue;

    // struct inet_diag_msg.
    internal const int SizeofInetDiagMsg = 72;
    internal const int MsgStateOffset = 1;
    internal const int MsgTimerOffset = 2;
    internal const int MsgSportOffset = 4;
    internal const int MsgDportOffset = 6;
    internal const int MsgSrcOffset = 8;
    internal const int MsgDstOffset = 24;
    internal const int MsgCookieOffset = 44;
    internal const int MsgExpiresOffset = 52;
    internal const int MsgRqueueOffset = 56;
    internal const int MsgWqueueOffset = 60;
    internal const int MsgUidOffset = 64;
    internal const int MsgInodeOffset = 68;

    // struct tcp_info.
    internal const int TcpiRetransmitsOffset = 2;
    internal const int TcpiProbesOffset = 3;
    internal const int TcpiLastDataSentOffset = 44;
    internal const int TcpiLastAckSentOffset = 48;
    internal const int TcpiLastDataRecvOffset = 52;
    internal const int TcpiLastAckRecvOffset = 56;
    internal const int TcpiRttOffset = 68;
    internal const int TcpiBytesAckedOffset = 120;
    internal const int TcpiBytesReceivedOffset = 128;
    internal const int TcpiDataSegsInOffset = 152;
    internal const int TcpiDataSegsOutOffset = 156;
    internal const int TcpiBytesSentOffset = 200;
    internal const int TcpiBytesRetransOffset = 208;
}
