namespace Agent.Tests.Testing;

/// <summary>What code allocates on its thread.</summary>
internal static class Allocations
{
    private const int Runs = 5;

    /// <summary>
    /// The least that one of some runs allocates: what the code itself allocates is in each of them. Beside it the runtime counts what is
    /// not the code's: a method compiled anew, the rest of the thread's piece of the heap when another thread makes the collector run.
    /// </summary>
    /// <param name="run">Leaves things as they were, or is to allocate as much the next time.</param>
    public static long LeastOf(Action run)
    {
        run();
        var least = long.MaxValue;
        for (var i = 0; i < Runs && least > 0; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            run();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
