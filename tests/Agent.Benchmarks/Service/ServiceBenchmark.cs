using System.Diagnostics;
using System.Globalization;

namespace Agent.Benchmarks.Service;

/// <summary>The long-running agent next to node_exporter: what they cost, and how fast they answer.</summary>
internal sealed class ServiceBenchmark : IBenchmark
{
    private const int Pods = 250;
    private const int Scrapes = 2_000;
    private const int Starts = 5;
    private const double MaxMillisecondsP99 = 5;
    private const double MaxResidentMiB = 60;
    private const double MaxAnonymousMiB = 14;
    private const double MaxFirstScrapeSeconds = 0.5;
    private const double MaxCpuPercent = 1;

    /// <summary>Three or four dumps of the table fall into it with the default budget.</summary>
    private static readonly TimeSpan s_watched = TimeSpan.FromMinutes(4);

    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(5);

    public string Name => "service";

    public string Section => Name + BenchmarkTable.Suffix;

    public string Description => $"closewatch run and node_exporter (conntrack, tcpstat) with a large table and {Pods} network namespaces";

    public bool Run(TextWriter output)
    {
        using var scratch = ScratchNamespace.Enter();
        ChildProgram.Execute("ip", "link", "set", "lo", "up");
        var entries = BenchmarkTable.Fill(output);

        using var pods = new NamedNamespaces(Pods);
        var (agentStarts, exporterStarts) = (new List<TimeSpan>(), new List<TimeSpan>());
        for (var start = 1; start < Starts; start++)
        {
            StartAndEnd(StartAgent(pods), agentStarts);
            StartAndEnd(StartExporter(pods), exporterStarts);
        }

        using var agent = StartAgent(pods);
        agent.AwaitFirstScrape();
        agentStarts.Add(agent.FirstScrape);
        using var exporter = StartExporter(pods);
        exporter.AwaitFirstScrape();
        exporterStarts.Add(exporter.FirstScrape);

        // The first dump follows the first answer at once: it is part of the start.
        agent.AwaitMetric("closewatch_conntrack_age_seconds");
        var cpu = (Agent: agent.Cpu, Exporter: exporter.Cpu);
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < s_watched)
        {
            // As Prometheus does, while the costs are watched.
            Thread.Sleep(s_pause);
            agent.Scrape();
            exporter.Scrape();
            agent.NoteMemory();
            exporter.NoteMemory();
        }

        var perMinute = 60 / watch.Elapsed.TotalSeconds;
        agent.CpuPerMinute = (agent.Cpu - cpu.Agent) * perMinute;
        exporter.CpuPerMinute = (exporter.Cpu - cpu.Exporter) * perMinute;
        agent.ScrapeMany(Scrapes);
        exporter.ScrapeMany(Scrapes);

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{entries:N0} entries, {Scrapes:N0} scrapes, {BuiltProgram.Path}"));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"anonymous memory: the most of {s_watched.TotalMinutes:F0} minutes, scraped every {s_pause.TotalSeconds:F0} s; after the first dump; after {Scrapes:N0} scrapes in a row. First scrape: the median of {Starts} starts"));
        output.WriteLine("                 resident  anonymous  first dump   scraped  CPU a minute  first scrape  scrape p50      p99     bytes");
        foreach (var (service, starts) in ((ServiceProcess, List<TimeSpan>)[])[(agent, agentStarts), (exporter, exporterStarts)])
        {
            starts.Sort();
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{service.Name,-15} {service.ResidentMiB,6:F0} MiB {service.AnonymousMiB,6:F1} MiB {service.StartMiB,7:F1} MiB {service.ScrapedMiB,5:F1} MiB {service.CpuPerMinute.TotalMilliseconds,10:F0} ms {starts[Starts / 2].TotalMilliseconds,10:F0} ms {service.Percentile(0.50),8:F2} ms {service.Percentile(0.99),5:F2} ms {service.Bytes,9:N0}"));
        }

        return ResultTable.Check(output, "scrape p99, ms", agent.Percentile(0.99), MaxMillisecondsP99)
            & ResultTable.Check(output, "resident, MiB", agent.ResidentMiB, MaxResidentMiB)
            & ResultTable.Check(output, "anonymous, MiB", agent.AnonymousMiB, MaxAnonymousMiB)
            & ResultTable.Check(output, "first good scrape, s", agentStarts[Starts / 2].TotalSeconds, MaxFirstScrapeSeconds)
            & ResultTable.Check(output, "percent of a core", agent.CpuPerMinute.TotalSeconds / 60 * 100, MaxCpuPercent);
    }

    private static ServiceProcess StartAgent(NamedNamespaces pods) =>
        ServiceProcess.Start("closewatch run", 9742, pods, $"'{BuiltProgram.Path}' run --Pods:Source=none");

    private static ServiceProcess StartExporter(NamedNamespaces pods) => ServiceProcess.Start(
        "node_exporter", 9100, pods, "prometheus-node-exporter --collector.disable-defaults --collector.conntrack --collector.tcpstat --web.listen-address=127.0.0.1:9100");

    private static void StartAndEnd(ServiceProcess service, List<TimeSpan> starts)
    {
        using (service)
        {
            service.AwaitFirstScrape();
            starts.Add(service.FirstScrape);
            service.End();
        }
    }
}
