using Agent.Core.Model;

namespace Agent.Core.Metrics;

/// <summary>The series of the agent itself: its sources, its scans, its process.</summary>
internal sealed class AgentMetrics
{
    private readonly Dictionary<(string Source, string Backend), long> _errors = [];
    private long _scans;

    public void Write(MetricFamilyWriter output, MetricsInput input)
    {
        var snapshot = input.Snapshot;
        foreach (var source in snapshot.Sources)
        {
            var key = (source.Name, source.Backend);
            _errors[key] = _errors.GetValueOrDefault(key) + (source.Status == SourceStatus.Failed ? 1 : 0);
            output.Add(
                MetricCatalog.SourceUp, source.Status is SourceStatus.Ok or SourceStatus.Degraded ? 1 : 0, source.Name, source.Backend);
            output.Add(MetricCatalog.SourceDuration, source.Duration.TotalSeconds, source.Name, source.Backend);
        }

        foreach (var ((source, backend), errors) in _errors)
        {
            output.Add(MetricCatalog.SourceErrors, errors, source, backend);
        }

        output.Add(MetricCatalog.SnapshotTimestamp, snapshot.TakenAt.ToUnixTimeMilliseconds() / 1000d);
        output.Add(MetricCatalog.ScanDuration, snapshot.ScanDuration.TotalSeconds);
        output.Add(MetricCatalog.ScanInterval, input.Interval.TotalSeconds);
        output.Add(MetricCatalog.Scans, ++_scans);
        output.Add(MetricCatalog.LogLinesDropped, input.LogLinesDropped);
        output.Add(MetricCatalog.BuildInfo, 1, input.Build.Version, input.Build.Commit, input.Build.Runtime);
        output.Add(MetricCatalog.ProcessCpu, input.Process?.Cpu.TotalSeconds);
        output.Add(MetricCatalog.ProcessResident, input.Process?.ResidentBytes);
        output.Add(MetricCatalog.ProcessOpenFds, input.Process?.OpenFileDescriptors);
        output.Add(MetricCatalog.ProcessStartTime, input.Process?.StartTime.ToUnixTimeMilliseconds() / 1000d);
    }
}
