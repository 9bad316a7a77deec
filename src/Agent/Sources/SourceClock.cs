using Agent.Core.Model;

namespace Agent.Sources;

/// <summary>Times one source and writes its report.</summary>
/// <param name="name">One of <see cref="SourceNames"/>.</param>
/// <param name="time">The clock.</param>
internal readonly struct SourceClock(string name, TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();

    public TimeSpan Elapsed => time.GetElapsedTime(_started);

    public SourceReport Report(string backend, SourceStatus status, string detail, long records) =>
        new(name, backend, status, detail, Elapsed, records);

    public SourceReport Ok(string backend, long records) => Report(backend, SourceStatus.Ok, "", records);

    public SourceReport Off(string key) => Report("off", SourceStatus.Unavailable, $"switched off by {key}", 0);
}
