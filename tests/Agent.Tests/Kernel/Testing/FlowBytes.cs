using static Agent.Tests.Kernel.Testing.NetlinkBytes;

namespace Agent.Tests.Kernel.Testing;

/// <summary>Payloads of IPCTNL_MSG_CT_NEW: struct nfgenmsg, then CTA_* attributes.</summary>
internal static class FlowBytes
{
    public static readonly byte[] GenericInet = [2, 0, 0, 0];
    public static readonly byte[] GenericInet6 = [10, 0, 0, 0];

    /// <summary>CTA_TUPLE_ORIG (1) or CTA_TUPLE_REPLY (2) of IPv4 with ports.</summary>
    public static byte[] Tuple4(ushort type, uint source, uint destination, byte protocol, int sourcePort, int destinationPort) =>
        Nested(
            type,
            Nested(1, Attribute(1, Big32(source)), Attribute(2, Big32(destination))),
            Nested(2, Attribute(1, protocol), Attribute(2, Big16(sourcePort)), Attribute(3, Big16(destinationPort))));

    /// <summary>A CLOSE_WAIT entry through a service address whose server closed first; 10.0.0.1:4242 to 10.96.0.1:80, really 10.244.0.7:8080.</summary>
    public static byte[] CloseWait() => Join(
        GenericInet,
        Tuple4(1, 0x0A00_0001, 0x0A60_0001, 6, 4242, 80),
        Tuple4(2, 0x0AF4_0007, 0x0A00_0001, 6, 8080, 4242),
        Attribute(3, Big32(0x1AE)),
        Nested(4, Nested(1, Attribute(1, 5), Attribute(2, 7), Attribute(3, 7), Attribute(4, 0x23, 0), Attribute(5, 0x27, 0))),
        Attribute(7, Big32(3599)),
        Attribute(8, Big32(0x4000)),
        Attribute(12, Big32(0xDEAD_BEEF)),
        Attribute(11, Big32(1)));
}
