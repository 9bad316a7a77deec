using System.Buffers.Binary;
using System.Text;

namespace Agent.Tests.Kernel.Testing;

/// <summary>Builds what the kernel sends, piece by piece; little-endian headers, as on the machines that run these tests.</summary>
internal static class NetlinkBytes
{
    private const uint PortId = 4711;

    /// <summary>One message with its header, padded to a multiple of 4.</summary>
    public static byte[] Message(ushort type, ushort flags, uint sequence, byte[] payload, uint portId = PortId)
    {
        var bytes = new byte[(16 + payload.Length + 3) & ~3];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, 16 + payload.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(4), type);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(6), flags);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), sequence);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), portId);
        payload.CopyTo(bytes, 16);
        return bytes;
    }

    /// <summary>A part of a dump (NLM_F_MULTI).</summary>
    public static byte[] Part(NetlinkRequest request, byte[] payload, ushort flags = 2, ushort type = 0x100) =>
        Message(type, flags, request.Sequence, payload);

    /// <summary>NLMSG_DONE with a status.</summary>
    public static byte[] Done(NetlinkRequest request, int status = 0, ushort flags = 2) =>
        Message(3, flags, request.Sequence, HostInt32(status));

    /// <summary>NLMSG_ERROR, with the kernel's message when there is one.</summary>
    public static byte[] Error(NetlinkRequest request, int errno, string? message = null, bool capped = true)
    {
        var original = Message(request.Type, request.Flags, request.Sequence, request.Payload);
        var payload = Join(HostInt32(-errno), capped ? original[..16] : original, message is null ? [] : Attribute(1, Encoding.UTF8.GetBytes(message + "\0")));
        return Message(2, (ushort)((capped ? 0x100 : 0) | (message is null ? 0 : 0x200)), request.Sequence, payload);
    }

    /// <summary>One attribute, padded to a multiple of 4.</summary>
    public static byte[] Attribute(ushort type, params byte[] value)
    {
        var bytes = new byte[(4 + value.Length + 3) & ~3];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)(4 + value.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2), type);
        value.CopyTo(bytes, 4);
        return bytes;
    }

    /// <summary>An attribute that holds attributes.</summary>
    public static byte[] Nested(ushort type, params byte[][] attributes) => Attribute((ushort)(type | 0x8000), Join(attributes));

    public static byte[] Join(params byte[][] parts) => [.. parts.SelectMany(static part => part)];

    public static byte[] Big16(int value) => [(byte)(value >> 8), (byte)value];

    public static byte[] Big32(uint value) => [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];

    private static byte[] HostInt32(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }
}
