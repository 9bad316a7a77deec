using System.Globalization;

namespace Agent.Benchmarks.Ends;

/// <summary>The kernel's worker threads, which send the messages about ends.</summary>
internal static class KernelWorkers
{
    /// <summary>CPU time of all of them since they began (the first number of /proc/PID/schedstat, in nanoseconds).</summary>
    public static TimeSpan Cpu()
    {
        var nanoseconds = 0L;
        foreach (var directory in Directory.GetDirectories("/proc"))
        {
            try
            {
                if (int.TryParse(Path.GetFileName(directory), out _)
                    && File.ReadAllText($"{directory}/comm").StartsWith("kworker", StringComparison.Ordinal))
                {
                    nanoseconds += long.Parse(File.ReadAllText($"{directory}/schedstat").Split(' ')[0], CultureInfo.InvariantCulture);
                }
            }
            catch (IOException)
            {
                // A worker that ended meanwhile.
            }
        }

        return TimeSpan.FromMicroseconds(nanoseconds / 1000.0);
    }
}
