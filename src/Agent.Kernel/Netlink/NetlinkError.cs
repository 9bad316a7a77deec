using System.Runtime.InteropServices;
using System.Text;
using static Agent.Kernel.Interop.NetlinkConstants;

namespace Agent.Kernel.Netlink;

/// <summary>
/// Decodes NLMSG_ERROR and the status that NLMSG_DONE carries, with the kernel's own message (extended acknowledgement, Linux 4.12).
/// </summary>
internal static class NetlinkError
{
    /// <summary>The error number of an NLMSG_ERROR (struct nlmsgerr) or NLMSG_DONE (int): 0 for success, positive for an error.</summary>
    /// <returns>False when the message is too short to carry one.</returns>
    internal static bool TryGetErrno(ReadOnlySpan<byte> payload, out int errno)
    {
        if (!MemoryMarshal.TryRead(payload, out int value) || value == int.MinValue)
        {
            errno = 0;
            return false;
        }

        // A positive status of NLMSG_DONE is a length, not an error.
        errno = Math.Max(0, -value);
        return true;
    }

    /// <summary>The exception for a refused request.</summary>
    internal static KernelException ToException(string operation, int errno, ushort type, ushort flags, ReadOnlySpan<byte> payload)
    {
        var message = Message(type, flags, payload);
        Denial? denial = errno == ErrnoText.EPERM
            ? new Denial(Capability.NetAdmin, IsHeld: false) { IsInUserNamespace = UserNamespace.IsOwn() }
            : null;
        var detail = message ?? (denial is { } known ? $"{known.Remedy} in this network namespace" : null);
        return new(operation, errno, detail) { Denial = denial };
    }

    /// <summary>NLMSGERR_ATTR_MSG, or null.</summary>
    internal static string? Message(ushort type, ushort flags, ReadOnlySpan<byte> payload)
    {
        if ((flags & NLM_F_ACK_TLVS) == 0 || !TrySkipToAttributes(type, flags, ref payload))
        {
            return null;
        }

        var attributes = new NetlinkAttributeReader(payload);
        while (attributes.MoveNext())
        {
            if (attributes.Type == NLMSGERR_ATTR_MSG)
            {
                var text = attributes.Value.TrimEnd((byte)0);
                return text.IsEmpty ? null : Encoding.UTF8.GetString(text);
            }
        }

        return null;
    }

    /// <summary>NLMSG_ERROR repeats the request's header, and unless capped the whole request, before the attributes.</summary>
    private static bool TrySkipToAttributes(ushort type, ushort flags, ref ReadOnlySpan<byte> payload)
    {
        long skip = sizeof(int);
        if (type == NLMSG_ERROR)
        {
            if (payload.Length < sizeof(int) + NLMSG_HDRLEN)
            {
                return false;
            }

            var request = (flags & NLM_F_CAPPED) != 0 ? NLMSG_HDRLEN : MemoryMarshal.Read<uint>(payload[sizeof(int)..]);
            skip += (request + NLMSG_ALIGNTO - 1L) & ~(NLMSG_ALIGNTO - 1L);
        }

        if (skip > payload.Length)
        {
            return false;
        }

        payload = payload[(int)skip..];
        return true;
    }
}
