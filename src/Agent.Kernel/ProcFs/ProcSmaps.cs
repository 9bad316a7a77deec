using System.Globalization;

namespace Agent.Kernel.ProcFs;

/// <summary>/proc/PID/smaps (proc_pid_smaps(5)): what of a process's memory is where, and how much of that is its own.</summary>
public static class ProcSmaps
{
    /// <summary>
    /// Ranges of one file that can be read and not written, of which something is in memory and no page was replaced by a private copy.
    /// </summary>
    /// <param name="lines">The lines of the file; what is not the kernel's is passed over.</param>
    /// <param name="path">The file that is mapped.</param>
    public static IEnumerable<MappedRange> Unchanged(IEnumerable<string> lines, string path)
    {
        MappedRange? range = null;
        foreach (var line in lines)
        {
            if (line is [(>= '0' and <= '9') or (>= 'a' and <= 'f'), ..])
            {
                range = line.EndsWith($" {path}", StringComparison.Ordinal) ? ReadOnlyRange(line) : null;
            }
            else if (range is { } found && Bytes(line, "Rss:") is { } resident)
            {
                range = found with { ResidentBytes = resident };
            }
            else if (range is { ResidentBytes: > 0 } unchanged && Bytes(line, "Anonymous:") == 0)
            {
                yield return unchanged;
            }
        }
    }

    // 560a6e030000-560a6ed77000 r-xp 00010000 fe:01 1182       /usr/local/bin/closewatch
    private static MappedRange? ReadOnlyRange(string line)
    {
        var blank = line.IndexOf(' ', StringComparison.Ordinal);
        return line.AsSpan(blank + 1) is ['r', '-', ..]
            && line[..blank].Split('-') is [var first, var end]
            && Address(first) is { } start
            && Address(end) is { } behind
            && behind > start
                ? new(start, behind - start, 0)
                : null;
    }

    private static nuint? Address(string text) =>
        nuint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var address) ? address : null;

    // Rss:                1060 kB
    private static long? Bytes(string line, string name) =>
        line.StartsWith(name, StringComparison.Ordinal)
        && line.EndsWith(" kB", StringComparison.Ordinal)
        && int.TryParse(
            line.AsSpan(name.Length..^" kB".Length), NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture, out var kibibytes)
            ? kibibytes * 1024L
            : null;
}

/// <summary>A range of a process's memory.</summary>
/// <param name="Start">Its first address.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="ResidentBytes">How many of them are in memory.</param>
public readonly record struct MappedRange(nuint Start, nuint Length, long ResidentBytes);
