using System.Globalization;

namespace Agent.Kernel.ProcFs;

/// <summary>What this process itself uses: /proc/self/stat, /proc/self/fd and /proc/stat (proc_pid_stat(5)).</summary>
public static class ProcSelf
{
    /// <summary>USER_HZ: the unit of times in /proc/PID/stat on every architecture that .NET runs on.</summary>
    private const double TicksPerSecond = 100;

    /// <summary>Reads it; null when /proc is not that of a live kernel.</summary>
    public static ProcessUsage? Read()
    {
        try
        {
            var stat = File.ReadAllText("/proc/self/stat");

            // The name, field 2, is in brackets and may hold anything, brackets and spaces too: fields are counted from behind it.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return new(
                TimeSpan.FromSeconds((Number(fields[14 - 3]) + Number(fields[15 - 3])) / TicksPerSecond),
                Number(fields[24 - 3]) * Environment.SystemPageSize,
                Directory.EnumerateFileSystemEntries("/proc/self/fd").Count(),
                BootTime() + TimeSpan.FromSeconds(Number(fields[22 - 3]) / TicksPerSecond));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or IndexOutOfRangeException)
        {
            return null;
        }
    }

    private static DateTimeOffset BootTime()
    {
        var line = File.ReadLines("/proc/stat").FirstOrDefault(static line => line.StartsWith("btime ", StringComparison.Ordinal));
        return DateTimeOffset.FromUnixTimeSeconds(
            line is null ? throw new FormatException("/proc/stat has no btime") : Number(line["btime ".Length..]));
    }

    private static long Number(string text) => long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}

/// <summary>What a process uses.</summary>
/// <param name="Cpu">CPU time, user and system.</param>
/// <param name="ResidentBytes">Resident memory.</param>
/// <param name="OpenFileDescriptors">Open file descriptors.</param>
/// <param name="StartTime">When it started (UTC).</param>
public sealed record ProcessUsage(TimeSpan Cpu, long ResidentBytes, int OpenFileDescriptors, DateTimeOffset StartTime);
