using System.Globalization;

namespace Agent.Benchmarks;

/// <summary>Prints medians, as ratios to the first contender.</summary>
internal static class ResultTable
{
    public static void Print(TextWriter output, IReadOnlyList<Contender> contenders)
    {
        var width = contenders.Max(static contender => contender.Name.Length);
        var baseline = contenders[0];
        output.WriteLine($"{"".PadRight(width)}      CPU  ratio     wall  ratio  allocated     peak");
        foreach (var contender in contenders)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{contender.Name.PadRight(width)} {Time(contender.Cpu)} {Ratio(contender.Cpu, baseline.Cpu)} {Time(contender.Wall)} {Ratio(contender.Wall, baseline.Wall)} {Size(contender.AllocatedBytes),10} {Size(contender.PeakBytes),8}"));
        }
    }

    /// <summary>Prints whether a promise holds.</summary>
    public static bool Check(TextWriter output, string what, double value, double limit)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(value <= limit ? "ok  " : "OVER")} {what}: {value:F2} (at most {limit:F2})"));
        return value <= limit;
    }

    private static string Time(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds,5:F0} ms");

    private static string Ratio(TimeSpan time, TimeSpan baseline) => string.Create(CultureInfo.InvariantCulture, $"{time / baseline,6:F2}");

    private static string Size(long? bytes) => bytes switch
    {
        null => "-",
        < 10 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
        < 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:F0} KiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:F0} MiB"),
    };
}
