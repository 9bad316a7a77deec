namespace Agent.Loop;

/// <summary>
/// Whether the collector loop still turns, and with what success. A scan that hangs in the kernel cannot be ended, only noticed; what makes
/// every scan fail may be something in this process that a new one does not have.
/// </summary>
internal sealed class LoopHealth(TimeProvider time)
{
    /// <summary>No scan takes this long: 10 million conntrack entries are dumped in half of it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>So many scans in a row do not fail by chance.</summary>
    public const int MaxFailures = 5;

    private int _failures;
    private string _lastFailure = "";
    private long _lastBeat = time.GetTimestamp();
    private long _expectedTicks;

    /// <summary>Says that the loop lives, and when it will say so again if all goes well.</summary>
    public void Beat(TimeSpan next)
    {
        Volatile.Write(ref _expectedTicks, next.Ticks);
        Volatile.Write(ref _lastBeat, time.GetTimestamp());
    }

    public void NoteSuccess() => Volatile.Write(ref _failures, 0);

    public void NoteFailure(string reason)
    {
        Volatile.Write(ref _lastFailure, reason);
        Interlocked.Increment(ref _failures);
    }

    /// <summary>What is wrong with the loop; null while it is not overdue and scans succeed.</summary>
    public string? Problem =>
        SinceLastBeat > TimeSpan.FromTicks(Volatile.Read(ref _expectedTicks)) + Patience
            ? $"the collector loop has been silent for {SinceLastBeat.TotalSeconds:F0} s: a scan hangs"
            : Volatile.Read(ref _failures) is >= MaxFailures and var failures
                ? $"the last {failures} scans failed: {Volatile.Read(ref _lastFailure)}"
                : null;

    private TimeSpan SinceLastBeat => time.GetElapsedTime(Volatile.Read(ref _lastBeat));
}
