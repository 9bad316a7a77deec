using System.Reflection;
using System.Runtime.InteropServices;
using Agent.Kernel;

namespace Agent.Tests.Fuzzing;

/// <summary>
/// Which statements of the program have run, in a build that notes it (<c>make fuzz</c>: tests/fuzz/Instrumentation.cs). Of one reader: begin
/// with a new one.
/// </summary>
internal sealed class BranchFeedback
{
    private static readonly Type? s_instrumentation = typeof(KernelException).Assembly.GetType("Microsoft.CodeAnalysis.Runtime.Instrumentation");
    private static readonly Func<IReadOnlyList<bool[]>>? s_payloads = s_instrumentation?.GetProperty("Payloads", BindingFlags.Public | BindingFlags.Static)!.GetMethod!.CreateDelegate<Func<IReadOnlyList<bool[]>>>();
    private static readonly Func<int>? s_count = s_instrumentation?.GetProperty("Count", BindingFlags.Public | BindingFlags.Static)!.GetMethod!.CreateDelegate<Func<int>>();

    private readonly List<(bool[] Ran, bool[] Known)> _methods = [];

    public BranchFeedback()
    {
        FindMethods();
        Clear();
    }

    /// <summary>Whether this build notes what runs.</summary>
    public static bool IsThere => s_payloads is not null;

    /// <summary>How many statements have run at least once.</summary>
    public int Known { get; private set; }

    /// <summary>Forgets what ran before the next input.</summary>
    public void Clear()
    {
        foreach (var (ran, _) in _methods)
        {
            Array.Clear(ran);
        }
    }

    /// <summary>How many statements ran since <see cref="Clear"/> that had not before; they are known from now on.</summary>
    public int TakeNew()
    {
        FindMethods();
        var count = 0;
        foreach (var (ran, known) in _methods)
        {
            // Mostly nothing ran, or nothing new.
            if (MemoryMarshal.AsBytes(ran.AsSpan()).IndexOf((byte)1) < 0 || ran.AsSpan().SequenceEqual(known))
            {
                continue;
            }

            for (var index = 0; index < ran.Length; index++)
            {
                if (ran[index] && !known[index])
                {
                    known[index] = true;
                    count++;
                }
            }
        }

        Known += count;
        return count;
    }

    /// <summary>A method that ran for the first time has an array from then on.</summary>
    private void FindMethods()
    {
        if (s_count is not null && s_count() > _methods.Count)
        {
            _methods.AddRange(s_payloads!().Skip(_methods.Count).Select(static ran => (ran, new bool[ran.Length])));
        }
    }
}
