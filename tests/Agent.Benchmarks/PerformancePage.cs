using System.Globalization;
using System.Text;

namespace Agent.Benchmarks;

/// <summary>docs/performance.md: what the benchmarks printed, on which machine and when. A benchmark that was not run keeps its section.</summary>
internal sealed class PerformancePage(string path)
{
    private const string Introduction = """
        # Performance

        `make bench` writes this page: closewatch side by side with a C program that does nothing but read the same from the kernel, and with
        the tools that are used otherwise. Ratios of CPU time stand another machine and some load, times do not; `OVER` is a limit that did not
        hold. Repeat it as root on a machine that does nothing else, ten minutes: `make publish bench`, or one of them: `make bench BENCH=rest`.

        """;

    private readonly Dictionary<string, string> _sections = [];

    /// <summary>Takes what a benchmark printed.</summary>
    public void Add(IBenchmark benchmark, string printed, TimeSpan took) => _sections[benchmark.Section] = $"""
        ## {benchmark.Section}

        {char.ToUpperInvariant(benchmark.Description[0])}{benchmark.Description[1..]}. {Run()}, {took.TotalSeconds:F0} s:

        ```
        {printed.TrimEnd()}
        ```

        """;

    /// <summary>Writes the page, in the order of the benchmarks.</summary>
    public void Write(IEnumerable<IBenchmark> benchmarks)
    {
        var before = File.Exists(path) ? Sections(File.ReadAllText(path)) : [];
        var page = new StringBuilder(Introduction);
        foreach (var benchmark in benchmarks)
        {
            foreach (var heading in before.Keys.Concat(_sections.Keys).Distinct().Where(heading => heading.Split(',')[0] == benchmark.Name))
            {
                page.Append('\n').Append((_sections.GetValueOrDefault(heading) ?? before[heading]).TrimEnd()).Append('\n');
            }
        }

        File.WriteAllText(path, page.Replace("\r", "").ToString());
    }

    private static Dictionary<string, string> Sections(string page) => page.Split("\n## ")[1..]
        .ToDictionary(static section => section[..section.IndexOf('\n', StringComparison.Ordinal)], static section => "## " + section);

    private static string Run() => string.Create(
        CultureInfo.InvariantCulture,
        $"{DateTime.UtcNow:yyyy-MM-dd} at {Commit()}, {Environment.ProcessorCount} cores of {Processor()}, {MemoryGiB():F0} GiB, Linux {Release()}, .NET {Environment.Version}, load {Load()} at its end");

    private static string Commit() => ChildProgram.Execute("git", "rev-parse", "--short", "HEAD").Trim();

    private static string Processor() => File.ReadLines("/proc/cpuinfo")
        .FirstOrDefault(static line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "an unnamed processor";

    private static double MemoryGiB() => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1 << 30);

    private static string Release() => File.ReadAllText("/proc/sys/kernel/osrelease").Trim();

    private static string Load() => File.ReadAllText("/proc/loadavg").Split(' ')[0];
}
