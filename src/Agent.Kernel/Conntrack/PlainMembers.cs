using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Agent.Kernel.Netlink;
using static Agent.Kernel.Interop.ConntrackConstants;

namespace Agent.Kernel.Conntrack;

/// <summary>
/// Decodes what follows the tuples, as long as it comes in the order in which the kernel writes it: zone, status, mark, id, use, time-out.
/// What comes after that, or otherwise, is left to the general loop.
/// </summary>
/// <remarks>Source: ctnetlink_fill_info and ctnetlink_dump_info, net/netfilter/nf_conntrack_netlink.c.</remarks>
internal static class PlainMembers
{
    private const uint Type = WordPattern.Type;
    private const uint Zone = 6 + (CTA_ZONE * Type);
    private const uint Status = 8 + (CTA_STATUS * Type);
    private const uint Mark = 8 + (CTA_MARK * Type);
    private const uint Id = 8 + (CTA_ID * Type);
    private const uint Use = 8 + (CTA_USE * Type);
    private const uint Timeout = 8 + (CTA_TIMEOUT * Type);

    private static ReadOnlySpan<uint> Usual => [Status, 0, Id, 0, Use, 0, Timeout, 0];

    private static ReadOnlySpan<uint> Marked => [Status, 0, Mark, 0, Id, 0, Use, 0, Timeout, 0];

    /// <summary>Decodes the members at the beginning.</summary>
    /// <returns>How many bytes they take: a multiple of 8.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Read(ReadOnlySpan<byte> bytes, ref ConntrackFlow flow)
    {
        var words = MemoryMarshal.Cast<byte, uint>(bytes);
        var marks = WordPattern.Begins(words, Usual) ? 0 : WordPattern.Begins(words, Marked) ? 2 : -1;
        if (marks < 0)
        {
            return ReadSome(bytes, ref flow);
        }

        flow.Status = (ConntrackStatus)BinaryPrimitives.ReverseEndianness(words[1]);
        flow.Id = BinaryPrimitives.ReverseEndianness(words[marks + 3]);
        flow.TimeoutSeconds = BinaryPrimitives.ReverseEndianness(words[marks + 7]);
        flow.Present |= ConntrackFields.Status | ConntrackFields.Id | ConntrackFields.Timeout;
        return (Usual.Length + marks) * sizeof(uint);
    }

    /// <summary>The same where some of them are missing, or there is a zone too.</summary>
    private static int ReadSome(ReadOnlySpan<byte> bytes, ref ConntrackFlow flow)
    {
        if (!BitConverter.IsLittleEndian)
        {
            return 0;
        }

        var members = MemoryMarshal.Cast<byte, ulong>(bytes);
        var next = 0;
        if (TryTake(members, ref next, Zone, out var zone))
        {
            flow.Zone = (ushort)(zone >> 16);
            flow.Present |= ConntrackFields.Zone;
        }

        if (TryTake(members, ref next, Status, out var status))
        {
            flow.Status = (ConntrackStatus)status;
            flow.Present |= ConntrackFields.Status;
        }

        _ = TryTake(members, ref next, Mark, out _);
        if (TryTake(members, ref next, Id, out var id))
        {
            flow.Id = id;
            flow.Present |= ConntrackFields.Id;
        }

        _ = TryTake(members, ref next, Use, out _);
        if (TryTake(members, ref next, Timeout, out var timeout))
        {
            flow.TimeoutSeconds = timeout;
            flow.Present |= ConntrackFields.Timeout;
        }

        return next * sizeof(ulong);
    }

    private static bool TryTake(ReadOnlySpan<ulong> members, ref int next, uint header, out uint value)
    {
        if ((uint)next < (uint)members.Length && (uint)members[next] == header)
        {
            value = BinaryPrimitives.ReverseEndianness((uint)(members[next] >> 32));
            next++;
            return true;
        }

        value = 0;
        return false;
    }
}
