using System.Buffers.Binary;
using Agent.Kernel.SockDiag;

namespace Agent.Tests.Kernel.SockDiag;

/// <summary>Builds what the kernel sends for a socket; little-endian, as on the machines that run these tests.</summary>
internal static class DiagBytes
{
    /// <summary>struct inet_diag_msg.</summary>
    public static byte[] Message(
        byte family, TcpState state, byte[] source, byte[] destination, ushort sourcePort, ushort destinationPort, uint receiveQueue = 0, uint inode = 0)
    {
        var bytes = new byte[72];
        bytes[0] = family;
        bytes[1] = (byte)state;
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(4), sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(6), destinationPort);
        source.CopyTo(bytes, 8);
        destination.CopyTo(bytes, 24);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(56), receiveQueue);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(68), inode);
        return bytes;
    }

    /// <summary>INET_DIAG_INFO with a struct tcp_info of a given length.</summary>
    public static byte[] Info(int length, uint lastDataSent, uint lastDataReceived, uint lastAckReceived, ulong bytesReceived, ulong bytesSent)
    {
        var info = new byte[Math.Max(length, 280)];
        BinaryPrimitives.WriteUInt32LittleEndian(info.AsSpan(44), lastDataSent);
        BinaryPrimitives.WriteUInt32LittleEndian(info.AsSpan(52), lastDataReceived);
        BinaryPrimitives.WriteUInt32LittleEndian(info.AsSpan(56), lastAckReceived);
        BinaryPrimitives.WriteUInt64LittleEndian(info.AsSpan(128), bytesReceived);
        BinaryPrimitives.WriteUInt64LittleEndian(info.AsSpan(200), bytesSent);
        return Attribute(2, info[..length]);
    }

    /// <summary>INET_DIAG_CGROUP_ID.</summary>
    public static byte[] CgroupId(ulong id) => Attribute(21, BitConverter.GetBytes(id));

    /// <summary>A netlink message of a dump.</summary>
    public static byte[] Netlink(ushort type, uint sequence, uint portId, byte[] payload)
    {
        var bytes = new byte[16 + payload.Length];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, bytes.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(4), type);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(6), 2);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), sequence);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), portId);
        payload.CopyTo(bytes, 16);
        return bytes;
    }

    private static byte[] Attribute(ushort type, byte[] value)
    {
        var bytes = new byte[(4 + value.Length + 3) & ~3];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)(4 + value.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2), type);
        value.CopyTo(bytes, 4);
        return bytes;
    }
}
