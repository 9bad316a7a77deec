namespace Microsoft.CodeAnalysis.Runtime;

/// <summary>
/// What csc calls in a build with <c>-instrument:TestCoverage</c> (make fuzz): each method has an array with an element for each of its
/// statements, which becomes true when that statement runs. The compiler knows this type by its name and its methods' signatures.
/// </summary>
[System.Diagnostics.CodeAnalysis.ExcludeFromCodeCoverage]
public static class Instrumentation
{
    private static readonly Lock s_lock = new();
    private static readonly List<bool[]> s_payloads = [];

    /// <summary>The arrays of all methods that have run, in the order of their first call; only ever added to.</summary>
    public static IReadOnlyList<bool[]> Payloads
    {
        get
        {
            lock (s_lock)
            {
                return [.. s_payloads];
            }
        }
    }

    /// <summary>How many there are.</summary>
    public static int Count
    {
        get
        {
            lock (s_lock)
            {
                return s_payloads.Count;
            }
        }
    }

    /// <summary>Called by a method that runs for the first time.</summary>
    public static bool[] CreatePayload(Guid mvid, int methodIndex, int fileIndex, ref bool[] payload, int payloadLength) =>
        Create(ref payload, payloadLength);

    /// <summary>The same for a method of several files.</summary>
    public static bool[] CreatePayload(Guid mvid, int methodIndex, int[] fileIndices, ref bool[] payload, int payloadLength) =>
        Create(ref payload, payloadLength);

    /// <summary>Called at the end of a program's entry point.</summary>
    public static void FlushPayload()
    {
    }

    private static bool[] Create(ref bool[] payload, int payloadLength)
    {
        lock (s_lock)
        {
            if (payload is null)
            {
                payload = new bool[payloadLength];
                s_payloads.Add(payload);
            }

            return payload;
        }
    }
}
