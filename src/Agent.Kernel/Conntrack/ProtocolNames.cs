using System.Globalization;
using static Agent.Kernel.Interop.SocketConstants;

namespace Agent.Kernel.Conntrack;

/// <summary>IPPROTO_* numbers as text: conntrack(8)'s names where it has one, the number otherwise.</summary>
public static class ProtocolNames
{
    /// <summary>For example <c>tcp</c> for 6, and <c>89</c> for 89, which conntrack(8) prints as <c>unknown  89</c>.</summary>
    public static string Get(byte protocol) => protocol switch
    {
        IPPROTO_ICMP => "icmp",
        IPPROTO_TCP => "tcp",
        IPPROTO_UDP => "udp",
        IPPROTO_DCCP => "dccp",
        IPPROTO_GRE => "gre",
        IPPROTO_ICMPV6 => "icmpv6",
        IPPROTO_SCTP => "sctp",
        IPPROTO_UDPLITE => "udplite",
        _ => protocol.ToString(CultureInfo.InvariantCulture),
    };
}
