using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Agent.Kernel.Netlink;

/// <summary>
/// Compares all headers of some attributes at once, where they come in the one order in which the kernel writes them. A header is a word
/// of the pattern, as a little-endian machine reads it; 0, which no header is, stands for a word of any value.
/// </summary>
internal static class WordPattern
{
    /// <summary>The type in a header, for multiplication: struct nlattr has the length in the lower half, the type in the upper.</summary>
    internal const uint Type = 1 << 16;

    /// <summary>NLA_F_NESTED in a header.</summary>
    internal const uint Nested = (uint)Interop.NetlinkConstants.NLA_F_NESTED << 16;

    /// <summary>True when the words begin as the pattern does. Never on a big-endian machine.</summary>
    /// <param name="words">What is left of a message.</param>
    /// <param name="pattern">8 to 48 words.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool Begins(ReadOnlySpan<uint> words, ReadOnlySpan<uint> pattern)
    {
        if (!BitConverter.IsLittleEndian || words.Length < pattern.Length)
        {
            return false;
        }

        // Without a loop, all masks are constants. The last eight words may overlap those before.
        var last = pattern.Length - Vector256<uint>.Count;
        var difference = Difference(words, pattern, last);
        difference |= last > 0 ? Difference(words, pattern, 0) : difference;
        difference |= last > 8 ? Difference(words, pattern, 8) : difference;
        difference |= last > 16 ? Difference(words, pattern, 16) : difference;
        difference |= last > 24 ? Difference(words, pattern, 24) : difference;
        difference |= last > 32 ? Difference(words, pattern, 32) : difference;
        return difference == Vector256<uint>.Zero;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Difference(ReadOnlySpan<uint> words, ReadOnlySpan<uint> pattern, int at)
    {
        var expected = Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(pattern), (nuint)at);
        var found = Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(words), (nuint)at);
        return Vector256.AndNot(found ^ expected, Vector256.Equals(expected, Vector256<uint>.Zero));
    }
}
