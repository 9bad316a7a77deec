using Agent.KernelTests.Testing;

namespace Agent.Benchmarks;

/// <summary>The conntrack table of the scratch namespace.</summary>
internal static class BenchmarkTable
{
    public static void Fill(int entries)
    {
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
    }
}
