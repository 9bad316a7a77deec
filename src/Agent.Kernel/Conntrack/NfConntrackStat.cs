using Agent.Kernel.ProcFs;
using static Agent.Kernel.Interop.ConntrackConstants;

namespace Agent.Kernel.Conntrack;

/// <summary>
/// /proc/&lt;pid&gt;/net/stat/nf_conntrack: a header line, then one line of hexadecimal counters for each possible CPU.
/// Source: ct_cpu_seq_show, net/netfilter/nf_conntrack_standalone.c.
/// </summary>
/// <param name="Statistics">The counters, summed over the CPUs.</param>
/// <param name="Entries">Entries of this namespace, which every line repeats; null when there was no line.</param>
public sealed record NfConntrackStat(ConntrackStatistics Statistics, long? Entries)
{
    private const int EntriesColumn = -1;
    private const int MaxColumns = 32;
    private const int MaxLength = 4 * 1024 * 1024;

    // The header and the first line with it, of which only the beginning matters.
    private const int EntriesLength = 512;

    // Every value is %08x: what is shorter was cut off.
    private const int MinDigits = 8;

    /// <summary>Reads the file.</summary>
    /// <param name="path">For example /proc/1/net/stat/nf_conntrack.</param>
    /// <returns>Null when there is no such file (CONFIG_NF_CONNTRACK_PROCFS=n, module not loaded), or the process is gone.</returns>
    /// <exception cref="KernelException">The file may not be read.</exception>
    public static NfConntrackStat? Read(string path)
    {
        var buffer = new byte[8 * 1024];
        return ProcFile.TryReadAll(path, ref buffer, MaxLength, out var length) ? Parse(buffer.AsSpan(0, length)) : null;
    }

    /// <summary>Reads <see cref="Entries"/> alone: the first lines are enough, however many CPUs there are. Does not allocate.</summary>
    /// <inheritdoc cref="Read"/>
    public static long? ReadEntries(string path)
    {
        Span<byte> buffer = stackalloc byte[EntriesLength];
        return ProcFile.TryRead(path, buffer, out var length) ? ParseEntries(buffer[..length]) : null;
    }

    /// <summary>The first column of the first line that has one: it is "entries" in all kernels.</summary>
    internal static long? ParseEntries(ReadOnlySpan<byte> text)
    {
        var lines = new ProcLines(text);
        while (lines.MoveNext())
        {
            var fields = new ProcFields(lines.Current);
            if (fields.TryReadHex(out var value) && fields.Current.Length >= MinDigits && value <= uint.MaxValue)
            {
                return (long)value;
            }
        }

        return null;
    }

    /// <summary>Decodes the file's text: columns by the names of the header, unknown ones passed over.</summary>
    /// <remarks>Without a header, which copies often lose, only the columns whose meaning never changed are used.</remarks>
    public static NfConntrackStat Parse(ReadOnlySpan<byte> text)
    {
        var sum = default(ConntrackCounterSum);
        long? entries = null;
        Span<int> columns = stackalloc int[MaxColumns];
        var count = ReadHeader(
            "entries - found - invalid - - - insert insert_failed drop early_drop icmp_error - - - search_restart"u8, columns);

        var lines = new ProcLines(text);
        while (lines.MoveNext())
        {
            var fields = new ProcFields(lines.Current);
            if (fields.MoveNext() && fields.Current.SequenceEqual("entries"u8))
            {
                count = ReadHeader(lines.Current, columns);
            }
            else
            {
                entries = ReadRow(lines.Current, columns[..count], ref sum) ?? entries;
            }
        }

        return new(sum.ToStatistics(), entries);
    }

    private static long? ReadRow(ReadOnlySpan<byte> line, ReadOnlySpan<int> columns, ref ConntrackCounterSum sum)
    {
        long? entries = null;
        var fields = new ProcFields(line);
        foreach (var column in columns)
        {
            if (!fields.TryReadHex(out var value) || fields.Current.Length < MinDigits || value > uint.MaxValue)
            {
                break;
            }

            if (column == EntriesColumn)
            {
                entries = (long)value;
            }
            else
            {
                sum.Add(column, value);
            }
        }

        return entries;
    }

    private static int ReadHeader(ReadOnlySpan<byte> line, Span<int> columns)
    {
        var count = 0;
        var fields = new ProcFields(line);
        while (count < columns.Length && fields.MoveNext())
        {
            columns[count++] = Column(fields.Current);
        }

        return count;
    }

    /// <summary>The CTA_STATS_* number of a column; 0 for one that nothing here needs.</summary>
    private static int Column(ReadOnlySpan<byte> name) => name switch
    {
        _ when name.SequenceEqual("entries"u8) => EntriesColumn,
        _ when name.SequenceEqual("found"u8) => CTA_STATS_FOUND,
        _ when name.SequenceEqual("invalid"u8) => CTA_STATS_INVALID,
        _ when name.SequenceEqual("insert"u8) => CTA_STATS_INSERT,
        _ when name.SequenceEqual("insert_failed"u8) => CTA_STATS_INSERT_FAILED,
        _ when name.SequenceEqual("drop"u8) => CTA_STATS_DROP,
        _ when name.SequenceEqual("early_drop"u8) => CTA_STATS_EARLY_DROP,
        _ when name.SequenceEqual("icmp_error"u8) => CTA_STATS_ERROR,
        _ when name.SequenceEqual("search_restart"u8) => CTA_STATS_SEARCH_RESTART,
        _ when name.SequenceEqual("clashres"u8) => CTA_STATS_CLASH_RESOLVE,
        _ when name.SequenceEqual("chainlength"u8) => CTA_STATS_CHAIN_TOOLONG,
        _ => 0,
    };
}
