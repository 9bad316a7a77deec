using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Agent.Kernel.ProcFs;

/// <summary>
/// The settings of nf_conntrack, /proc/sys/net/netfilter. They are those of the calling thread's network namespace,
/// whatever process the path names; <c>max</c> and <c>buckets</c> are the machine's.
/// </summary>
/// <remarks>Which files exist depends on the kernel and on the modules loaded: they are found by listing the directory.</remarks>
public static partial class Sysctl
{
    /// <summary>Where they are, below the root of proc.</summary>
    public const string NetfilterDirectory = "sys/net/netfilter";

    private const string Prefix = "nf_conntrack_";
    private const int MaxValueLength = 64;

    // NAME_MAX of limits.h, and a NUL.
    private const int MaxNameLength = 256;

    /// <summary>Reads the numeric nf_conntrack_* files.</summary>
    /// <param name="procRoot">Where proc is mounted, or the root of a captured tree.</param>
    /// <param name="names">Which, without the prefix; null for all that there are.</param>
    /// <returns>
    /// Pairs of name, without the prefix <c>nf_conntrack_</c>, and value: timeouts in seconds, switches 0, 1 or 2, and also
    /// <c>count</c>, <c>max</c> and <c>buckets</c>. Empty when nf_conntrack is not loaded, or sysctls are not there.
    /// </returns>
    /// <exception cref="KernelException">The directory or a file may not be read.</exception>
    public static IReadOnlyList<KeyValuePair<string, long>> ReadNetfilter(string procRoot, IEnumerable<string>? names = null)
    {
        var values = new List<KeyValuePair<string, long>>();

        // From the root each file would be a search among the directories of this name of all namespaces (proc_sys_compare(),
        // fs/proc/proc_sysctl.c): with 250 of them a fifth of all CPU of a start.
        using var directory = DirectoryHandle.TryOpen(Path.Combine(procRoot, NetfilterDirectory));
        if (directory is not null)
        {
            foreach (var name in names ?? NetfilterFiles(procRoot).Select(static path => Path.GetFileName(path)[Prefix.Length..]))
            {
                if (TryReadValue(directory, Prefix + name, out var value))
                {
                    values.Add(new(name, value.Value));
                }
            }
        }

        return values;
    }

    /// <summary>The nf_conntrack_* files of the calling thread's network namespace; none when nf_conntrack is not loaded.</summary>
    /// <exception cref="KernelException">The directory may not be read.</exception>
    public static IReadOnlyList<string> NetfilterFiles(string procRoot) => List(Path.Combine(procRoot, NetfilterDirectory));

    /// <summary>Reads one numeric file below /proc/sys/net/netfilter.</summary>
    /// <param name="procRoot">Where proc is mounted, or the root of a captured tree.</param>
    /// <param name="name">For example <c>nf_conntrack_tcp_timeout_close_wait</c>.</param>
    /// <returns>Null when this kernel does not have it, or it is not a number.</returns>
    /// <exception cref="KernelException">The file may not be read.</exception>
    public static long? ReadNetfilter(string procRoot, string name)
    {
        _ = TryReadValue(Path.Combine(procRoot, NetfilterDirectory, name), out var value);
        return value;
    }

    /// <summary>A value as the kernel prints it: a decimal number, perhaps negative, and a line feed.</summary>
    /// <returns>False for anything else, such as the <c>NONE</c> of a log target or several numbers.</returns>
    internal static bool TryParse(ReadOnlySpan<byte> text, out long value)
    {
        value = 0;
        var fields = new ProcFields(text);
        return fields.MoveNext() && ProcFields.TryParse(fields.Current, out value) && !fields.MoveNext();
    }

    private static bool TryReadValue(string path, [NotNullWhen(true)] out long? value)
    {
        Span<byte> text = stackalloc byte[MaxValueLength];
        value = ProcFile.TryRead(path, text, out var length) && TryParse(text[..length], out var number) ? number : null;
        return value is not null;
    }

    private static bool TryReadValue(DirectoryHandle directory, string file, [NotNullWhen(true)] out long? value)
    {
        Span<byte> name = stackalloc byte[MaxNameLength];
        Span<byte> text = stackalloc byte[MaxValueLength];
        name[Encoding.UTF8.GetBytes(file, name[..^1])] = 0;
        var errno = directory.ReadOnce(name, text, out var length);
        if (errno != 0 && new KernelException($"read({NetfilterDirectory}/{file})", errno) is { IsGone: false } exception)
        {
            throw exception;
        }

        value = errno == 0 && TryParse(text[..length], out var number) ? number : null;
        return value is not null;
    }

    private static string[] List(string directory)
    {
        try
        {
            return Directory.GetFiles(directory, Prefix + "*");
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (UnauthorizedAccessException)
        {
            throw new KernelException($"readdir({directory})", ErrnoText.EACCES);
        }
        catch (IOException exception)
        {
            throw new KernelException($"readdir({directory})", ErrnoText.EIO, exception.Message);
        }
    }
}
