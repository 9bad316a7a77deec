using System.Globalization;
using Agent.Kernel.ProcFs;
using Agent.KernelTests.Testing;

namespace Agent.Benchmarks;

/// <summary>The conntrack table of the scratch namespace: 300,000 entries, or as many as CLOSEWATCH_BENCH_ENTRIES says, where the machine allows it.</summary>
internal static class BenchmarkTable
{
    private static readonly string? s_asked = Environment.GetEnvironmentVariable("CLOSEWATCH_BENCH_ENTRIES");
    private static readonly int s_wanted = int.Parse(s_asked ?? "300000", CultureInfo.InvariantCulture);

    /// <summary>What a section's heading says of the table: nothing of the usual one.</summary>
    public static string Suffix => s_asked is null ? "" : string.Create(CultureInfo.InvariantCulture, $", {s_wanted:N0} entries");

    /// <returns>How many entries it has then.</returns>
    public static int Fill(TextWriter output)
    {
        var limit = Sysctl.ReadNetfilter("/proc", "nf_conntrack_max") ?? 0;
        var entries = s_wanted;
        if (limit > 0 && limit <= s_wanted)
        {
            entries = (int)(limit * 9 / 10);
            output.WriteLine($"nf_conntrack_max is {limit}: for {s_wanted} entries raise it first (sysctl net.netfilter.nf_conntrack_max)");
        }

        var file = Path.GetTempFileName();
        try
        {
            ConntrackLoad.Write(file, entries);
            ChildProgram.Execute("conntrack", "-R", file);
        }
        finally
        {
            File.Delete(file);
        }

        return entries;
    }
}
