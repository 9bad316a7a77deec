namespace Agent.Kernel.Namespaces;

/// <summary>
/// A line of /proc/PID/mountinfo (proc_pid_mountinfo(5)) that mounts a network namespace: a file of nsfs whose root is <c>net:[INODE]</c>.
/// </summary>
/// <remarks>
/// The kernel escapes blanks, tabs, line feeds and backslashes in names (<c>\040</c>, mangle_path), so nobody can forge a word of the line;
/// the name of the file system is the kernel's own.
/// </remarks>
internal static class MountInfo
{
    private const int RootWord = 3;
    private const int MountPointWord = 4;

    /// <summary>Reads a line.</summary>
    /// <param name="line">Without its line feed.</param>
    /// <param name="inode">The namespace's inode.</param>
    /// <param name="mountPoint">Where it is mounted, in the process's root directory; still escaped.</param>
    /// <returns>False when it mounts anything else, or is no such line.</returns>
    public static bool TryParseNamespace(ReadOnlySpan<byte> line, out ulong inode, out ReadOnlySpan<byte> mountPoint)
    {
        inode = 0;
        mountPoint = default;
        var end = line.IndexOf(" - "u8);
        if (end < 0 || !line[(end + 3)..].StartsWith("nsfs "u8))
        {
            return false;
        }

        var number = 0;
        foreach (var range in line[..end].Split((byte)' '))
        {
            var word = line[range];
            if (number == RootWord && !NamespaceLink.TryParse(word, out inode))
            {
                return false;
            }

            if (number == MountPointWord)
            {
                mountPoint = word;
                return inode != 0 && word.StartsWith("/"u8);
            }

            number++;
        }

        return false;
    }

    /// <summary>The bytes of an escaped name: <c>\040</c> is a blank. What is no such escape stays as it is.</summary>
    /// <param name="escaped">The name.</param>
    /// <param name="name">As long as <paramref name="escaped"/> at least.</param>
    /// <returns>How many bytes the name has.</returns>
    public static int Unescape(ReadOnlySpan<byte> escaped, Span<byte> name)
    {
        var length = 0;
        for (var i = 0; i < escaped.Length; i++)
        {
            name[length++] = escaped[i] == (byte)'\\' && TryParseOctal(escaped[(i + 1)..], out var value, ref i) ? value : escaped[i];
        }

        return length;
    }

    private static bool TryParseOctal(ReadOnlySpan<byte> digits, out byte value, ref int position)
    {
        value = 0;
        if (digits.Length < 3 || digits[..3].ContainsAnyExceptInRange((byte)'0', (byte)'7') || digits[0] > (byte)'3')
        {
            return false;
        }

        value = (byte)(((digits[0] - '0') << 6) | ((digits[1] - '0') << 3) | (digits[2] - '0'));
        position += 3;
        return true;
    }
}
