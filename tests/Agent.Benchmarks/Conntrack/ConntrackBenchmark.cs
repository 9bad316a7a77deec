using System.Globalization;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Netlink;

namespace Agent.Benchmarks.Conntrack;

/// <summary>A large conntrack table read in every way there is.</summary>
internal sealed class ConntrackBenchmark : IBenchmark
{
    private const int Rounds = 7;
    private const int RoundsOfMany = 3;
    private const int Many = 500_000;
    private const long MaxAllocatedBytes = 64 * 1024;
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(30);

    public string Name => "conntrack";

    public string Section => Name + BenchmarkTable.Suffix;

    public string Description => "one scan of a large table; ratios are to the raw netlink dump";

    public bool Run(TextWriter output)
    {
        // Programs started by this thread inherit its namespace, so that no wrapper is measured with them.
        using var scratch = ScratchNamespace.Enter();
        var entries = BenchmarkTable.Fill(output);

        using var buffer = new NetlinkBuffer();
        var tally = new Tally();
        var rawDump = ChildProgram.Compile("Conntrack/raw_dump.c");
        Contender raw = new("raw netlink dump, discarded (C)", () => ChildProgram.Measure(rawDump));
        Contender netlink = new("closewatch by netlink", () => Sample.Of(() => ByNetlink(buffer, tally, entries)));
        Contender cat = new("cat /proc/net/nf_conntrack", static () => ChildProgram.Measure("cat", "/proc/net/nf_conntrack"));
        Contender procfs = new("closewatch by procfs", () => Sample.Of(() => ByProcFs(buffer, tally, entries)));
        Contender tool = new("conntrack -L", static () => ChildProgram.Measure("conntrack", "-L"));
        var program = BuiltProgram.Path;
        Contender command = new("closewatch report (whole command)", () => ChildProgram.Measure(program, "report", "--quiet", "--Collection:PodNamespaces=false"));
        List<Contender> contenders = [raw, netlink, cat, procfs, tool, command];

        var rounds = entries > Many ? RoundsOfMany : Rounds;
        Contender.RunAll(contenders, rounds);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{entries:N0} entries, median of {rounds} rounds"));
        ResultTable.Print(output, contenders);

        return ResultTable.Check(output, "netlink CPU to the raw dump", netlink.Cpu / raw.Cpu, 1.10)
            & ResultTable.Check(output, "procfs CPU to cat", procfs.Cpu / cat.Cpu, 1.15)
            & ResultTable.Check(output, "KiB allocated by a scan", Math.Max(netlink.AllocatedBytes ?? 0, procfs.AllocatedBytes ?? 0) / 1024.0, MaxAllocatedBytes / 1024.0);
    }

    private static void ByNetlink(NetlinkBuffer buffer, Tally tally, int entries)
    {
        var sink = tally.Begin();
        using var table = ConntrackNetlink.Open(s_timeout, buffer);
        tally.Verify(table.Dump(0, ref sink, CancellationToken.None), entries);
    }

    private static void ByProcFs(NetlinkBuffer buffer, Tally tally, int entries)
    {
        var sink = tally.Begin();
        tally.Verify(ConntrackProcFs.Dump("/proc/thread-self/net/nf_conntrack", buffer, ref sink, CancellationToken.None), entries);
    }
}
