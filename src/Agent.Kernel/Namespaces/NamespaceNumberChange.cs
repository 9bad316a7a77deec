using System.Runtime.InteropServices;
using Agent.Kernel.Netlink;
using static Agent.Kernel.Interop.NetlinkConstants;

namespace Agent.Kernel.Namespaces;

/// <summary>A network namespace got a number (nsid), or lost it, which it does when it ends.</summary>
/// <param name="Number">The number.</param>
/// <param name="IsAssigned">False when it is free again.</param>
public readonly record struct NamespaceNumberChange(int Number, bool IsAssigned)
{
    /// <summary>Reads RTM_NEWNSID or RTM_DELNSID: struct rtgenmsg and NETNSA_NSID (rtnl_net_fill, net/core/net_namespace.c).</summary>
    /// <param name="type">nlmsg_type.</param>
    /// <param name="payload">What follows the netlink header.</param>
    /// <param name="change">The change.</param>
    /// <returns>False when the bytes are none of the two, or name no number.</returns>
    internal static bool TryParse(ushort type, ReadOnlySpan<byte> payload, out NamespaceNumberChange change)
    {
        change = default;
        if (type is not (RTM_NEWNSID or RTM_DELNSID) || payload.Length < SizeofRtgenmsg)
        {
            return false;
        }

        var attributes = new NetlinkAttributeReader(payload[SizeofRtgenmsg..]);
        while (attributes.MoveNext())
        {
            if (attributes.Type == NETNSA_NSID && attributes.Value.Length == sizeof(int))
            {
                change = new(MemoryMarshal.Read<int>(attributes.Value), type == RTM_NEWNSID);
                return change.Number >= 0;
            }
        }

        return false;
    }
}
