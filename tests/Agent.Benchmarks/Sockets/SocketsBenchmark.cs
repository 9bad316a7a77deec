using System.Diagnostics;
using System.Globalization;
using Agent.Core.Attribution;
using Agent.Kernel.Namespaces;
using Agent.Kernel.Netlink;
using Agent.Kernel.SockDiag;

namespace Agent.Benchmarks.Sockets;

/// <summary>The sockets of many network namespaces, read in every way there is.</summary>
internal sealed class SocketsBenchmark : IBenchmark
{
    private const int Namespaces = 250;
    private const int SocketsEach = 100;
    private const int Rounds = 3;
    private const int QuietScans = 20;

    public string Name => "sockets";

    public string Description => "one scan of many network namespaces; ratios are to the raw socket dumps";

    public bool Run(TextWriter output)
    {
        using var farm = new SocketFarm(Namespaces, SocketsEach);
        using var table = new ProcessTable(new ProcessTableOptions(), new CgroupClassifier().Classify);
        using var thread = new NamespaceThread("/proc");
        using var buffer = new NetlinkBuffer();
        var clock = Stopwatch.StartNew();
        table.Refresh(clock.Elapsed);
        var mine = farm.Pids.Select(pid => table.Find(int.Parse(pid, CultureInfo.InvariantCulture))!.Namespace!).ToHashSet();

        var rawSockets = ChildProgram.Compile("Sockets/raw_sockets.c");
        Contender raw = new("raw sock_diag dumps, discarded (C)", () => ChildProgram.Measure([rawSockets, .. farm.Pids]));
        Contender ours = new("closewatch by sock_diag", () => Sample.Of(() => Scan(table, thread, buffer, mine, clock.Elapsed)));
        Contender ss = new("ss -tan in each", () => ChildProgram.Measure(["sh", "-c", "for pid; do nsenter --net=/proc/$pid/ns/net ss -tan; done", "sh", .. farm.Pids]));
        List<Contender> contenders = [raw, ours, ss];
        Contender.RunAll(contenders, Rounds);

        output.WriteLine($"{Namespaces} namespaces with {SocketsEach} sockets each, median of {Rounds} rounds");
        ResultTable.Print(output, contenders);
        var quiet = Sample.Of(() =>
        {
            for (var i = 0; i < QuietScans; i++)
            {
                table.Refresh(clock.Elapsed);
            }
        });
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"finding nothing new among {table.Statistics.Processes} processes in {table.Namespaces.Count} namespaces: {quiet.Cpu.TotalMilliseconds / QuietScans:F2} ms of CPU"));

        // Each dump walks the sockets of the whole machine, so the more there are, the less the cost of starting ss counts.
        return ResultTable.Check(output, "CPU to the raw dumps", ours.Cpu / raw.Cpu, 1.3)
            & ResultTable.Check(output, "CPU to ss", ours.Cpu / ss.Cpu, 0.5);
    }

    private static void Scan(ProcessTable table, NamespaceThread thread, NetlinkBuffer buffer, HashSet<NetworkNamespace> mine, TimeSpan now)
    {
        var count = default(SocketCount);
        table.Refresh(now);
        thread.Run(visitor =>
        {
            foreach (var target in table.Namespaces)
            {
                if (mine.Contains(target) && visitor.TryEnter(target, out _))
                {
                    using var diag = SockDiagNetlink.Open(buffer);
                    diag.Dump(TcpStates.All, SockDiagExtensions.Info, ref count);
                }
            }
        });

        // A benchmark of a wrong answer is worth nothing.
        if (count.Total != Namespaces * (SocketsEach + 1) || count.HalfClosed != Namespaces * SocketsEach / 10)
        {
            throw new InvalidOperationException($"{count.Total} sockets were seen, {count.HalfClosed} of them half-closed");
        }
    }
}
