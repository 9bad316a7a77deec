using Agent.Core.Model;

namespace Agent.Sources;

/// <summary>Times one source and writes its report.</summary>
/// <param name="name">One of <see cref="SourceNames"/>.</param>
/// <param name="time">The clock.</param>
internal readonly struct SourceClock(string name, TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();

    public TimeSpan Elapsed => time.GetElapsedTime(_started);

    public SourceReport Report(string backend, SourceStatus status, SourceProblem problem, long records) =>
        new(name, backend, status, problem.Text, Elapsed, records) { Needs = problem.Needs };

    /// <summary>Read, and all of it unless there is a problem.</summary>
    public SourceReport Read(string backend, SourceProblem problem, long records) =>
        Report(backend, problem.Exists ? SourceStatus.Degraded : SourceStatus.Ok, problem, records);

    public SourceReport Ok(string backend, long records) => Report(backend, SourceStatus.Ok, SourceProblem.None, records);

    public SourceReport Off(string key, SourceNeeds needs) =>
        Report("off", SourceStatus.Unavailable, new($"switched off by {key}", needs), 0);
}
