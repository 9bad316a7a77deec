using System.Globalization;
using Agent.Configuration;
using Agent.Sources;

namespace Agent.Benchmarks.Sockets;

/// <summary>A scan of pods in which nothing happens, next to one that has to dump the sockets of all of them.</summary>
internal sealed class RestBenchmark : IBenchmark
{
    private const int Namespaces = 250;
    private const int SocketsEach = 100;
    private const int Rounds = 3;

    /// <summary>A namespace rests when nothing has happened in it for a second.</summary>
    private static readonly TimeSpan s_rest = TimeSpan.FromSeconds(1.2);

    public string Name => "rest";

    public string Description => $"whole scans of {Namespaces} network namespaces with {SocketsEach} sockets each, without the conntrack table";

    public bool Run(TextWriter output)
    {
        using var farm = new SocketFarm(Namespaces, SocketsEach);
        var (dumped, rested) = (TimeSpan.MaxValue, TimeSpan.MaxValue);
        for (var round = 0; round < Rounds; round++)
        {
            var collection = new CollectionOptions { Conntrack = BackendChoice.Off };
            using var scanner = new NodeScanner(collection, new PodsOptions { Source = PodSource.None }, null, TimeProvider.System);
            _ = Scan(scanner);
            dumped = Least(dumped, Scan(scanner));
            for (var i = 0; i < Rounds; i++)
            {
                rested = Least(rested, Scan(scanner));
            }
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"CPU of a scan, the least of {Rounds}: {dumped.TotalMilliseconds:F0} ms when all are dumped, {rested.TotalMilliseconds:F0} ms when all rest"));
        return ResultTable.Check(output, "CPU of a scan at rest to one that dumps", rested / dumped, 0.2);
    }

    private static TimeSpan Least(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static TimeSpan Scan(NodeScanner scanner)
    {
        Thread.Sleep(s_rest);
        var cpu = Environment.CpuUsage.TotalTime;
        _ = scanner.Scan(new ScanRequest(DumpConntrack: false), CancellationToken.None);
        return Environment.CpuUsage.TotalTime - cpu;
    }
}
