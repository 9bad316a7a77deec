using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Agent.Kernel.Netlink;
using static Agent.Kernel.Interop.ConntrackConstants;
using static Agent.Kernel.Interop.NetlinkConstants;

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

    private const ulong Extensions =
        (1UL << CTA_HELP) | (1UL << CTA_COUNTERS_ORIG) | (1UL << CTA_COUNTERS_REPLY) | (1UL << CTA_SEQ_ADJ_ORIG)
        | (1UL << CTA_SEQ_ADJ_REPLY) | (1UL << CTA_TIMESTAMP) | (1UL << CTA_LABELS) | (1UL << CTA_SYNPROXY);

    private static ReadOnlySpan<uint> Unmarked => [Status, 0, Id, 0, Use, 0, Timeout, 0];

    private static ReadOnlySpan<uint> Marked => [Status, 0, Mark, 0, Id, 0, Use, 0, Timeout, 0];

    /// <summary>Decodes the members at the beginning.</summary>
    /// <returns>How many bytes they take: a multiple of 8.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Read(ReadOnlySpan<byte> bytes, ref ConntrackFlow flow)
    {
        var words = MemoryMarshal.Cast<byte, uint>(bytes);
        var marks = WordPattern.Begins(words, Marked) ? 2 : WordPattern.Begins(words, Unmarked) ? 0 : -1;
        if (marks < 0)
        {
            return ReadSome(bytes, ref flow);
        }

        flow.Status = (ConntrackStatus)BinaryPrimitives.ReverseEndianness(words[1]);
        flow.Id = BinaryPrimitives.ReverseEndianness(words[marks + 3]);
        flow.TimeoutSeconds = BinaryPrimitives.ReverseEndianness(words[marks + 7]);
        flow.Present |= ConntrackFields.Status | ConntrackFields.Id | ConntrackFields.Timeout;
        return (Unmarked.Length + marks) * sizeof(uint);
    }

    /// <summary>Passes over what ctnetlink_dump_extinfo writes last: nothing here needs any of it.</summary>
    /// <returns>How many bytes there are of it at the beginning.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int SkipExtensions(ReadOnlySpan<byte> bytes)
    {
        var skipped = 0;
        while (BitConverter.IsLittleEndian && bytes.Length - skipped >= NLA_HDRLEN)
        {
            var header = MemoryMarshal.Read<uint>(bytes[skipped..]);
            var (length, type) = ((int)(ushort)header, (int)(header >> 16) & NLA_TYPE_MASK);
            var aligned = (length + NLMSG_ALIGNTO - 1) & ~(NLMSG_ALIGNTO - 1);
            if (length < NLA_HDRLEN || aligned > bytes.Length - skipped || type >= 64 || ((Extensions >> type) & 1) == 0)
            {
                break;
            }

            skipped += aligned;
        }

        return skipped;
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
