using System.Collections.Immutable;
using Agent.Configuration;
using Agent.Core.Diagnosis;
using Agent.Core.Metrics;
using Agent.Core.Model;
using Agent.Exporting;
using Agent.Kernel.ProcFs;
using Agent.Remediation;
using Agent.Sources;

namespace Agent.Loop;

/// <summary>One scan from the kernel to what requests are answered with. Used by one thread at a time.</summary>
internal sealed class SnapshotPipeline(
    Func<AgentOptions, INodeScanner> createScanner,
    ConnectionEndWatch ends,
    Remediator remediator,
    Func<DiagnosisContext, ImmutableArray<Finding>, DiagnosisResult> diagnose,
    IMetricsRenderer renderer,
    SnapshotStore store,
    StatusLog statusLog,
    LogLoss logLoss,
    BuildInfo build,
    DumpSchedule dumps,
    MemoryReturn memory,
    TimeProvider time) : IDisposable
{
    private readonly MetricsBuilder _metrics = new();
    private readonly ClockSteps _clock = new(time);
    private readonly SnapshotHistory _history = new();
    private readonly FindingTracker _tracker = new();
    private INodeScanner? _scanner;
    private AgentOptions? _scannerOptions;

    /// <summary>Scans, judges, renders and publishes.</summary>
    /// <returns>True when the next scan is to follow at once: this one has left the conntrack table to it.</returns>
    /// <exception cref="OperationCanceledException">The agent ends.</exception>
    public bool Run(AgentOptions options, CancellationToken cancellationToken)
    {
        try
        {
            var snapshot = ThresholdJudge.Judge(Scan(options, cancellationToken), options.Diagnosis);
            _history.Judge(options.Diagnosis);
            var remediation = remediator.Run(snapshot, options);
            var found = diagnose(new(snapshot, _history.Snapshots, options.Diagnosis) { History = _history.Pods }, remediation.Findings);
            var diagnosis = _tracker.Update(found, snapshot.TakenAt);
            var families = _metrics.Build(new()
            {
                Snapshot = snapshot,
                Thresholds = options.Diagnosis,
                Diagnosis = diagnosis,
                Options = options.Metrics,
                Interval = options.Collection.Interval,
                Build = build,
                Process = ProcSelf.Read(),
                LogLinesDropped = logLoss.Lines,
                Sysctls = remediation.Sysctls,
            });
            store.Publish(new()
            {
                Snapshot = snapshot,
                Diagnosis = diagnosis,
                Metrics = renderer.Render(families),
                Reports = new(snapshot, _history, diagnosis, options, build, time),
                Options = options,
                Timestamp = time.GetTimestamp(),
            });
            _history.Add(snapshot, options.Collection.Interval);
            statusLog.Write(snapshot, diagnosis);
            var goesOn = snapshot.Conntrack is { IsBeingRead: true };
            memory.AfterScan(goesOn);
            return goesOn;
        }
        catch
        {
            // Whatever state a scan that failed has left behind is not scanned with again.
            DropScanner();
            throw;
        }
    }

    /// <summary>The agent ends: puts back what it wrote where that is asked for.</summary>
    public void Dispose()
    {
        DropScanner();
        ends.Dispose();
        remediator.Restore();
    }

    private void DropScanner()
    {
        _scanner?.Dispose();
        _scanner = null;
    }

    private Snapshot Scan(AgentOptions options, CancellationToken cancellationToken)
    {
        var scanner = ScannerFor(options);
        var step = _clock.Next();
        _history.Move(step);
        _tracker.Move(step);

        // The age of the last dump is told by the time of day.
        var dump = step != TimeSpan.Zero || dumps.IsDue(options.Collection.CpuBudgetPercent);
        if (dump)
        {
            dumps.Begin();
        }

        ends.Apply(options.Collection);
        var request = new ScanRequest(dump)
        {
            Ends = ends,
            MayLeaveTable = store.Current is null,
            SocketBudgetPercent = options.Collection.CpuBudgetPercent,
        };
        var snapshot = scanner.Scan(request, cancellationToken);
        if (dump && snapshot.Conntrack is not { IsBeingRead: true })
        {
            dumps.Dumped(snapshot.Source(SourceNames.Conntrack)?.Duration ?? TimeSpan.Zero);
        }

        return snapshot;
    }

    /// <summary>The scanner for these options: a new one when a reload has changed what it reads.</summary>
    private INodeScanner ScannerFor(AgentOptions options)
    {
        if (_scannerOptions is { } made && !made.Reading.Equals(options.Reading))
        {
            DropScanner();
        }

        _scannerOptions = options;
        return _scanner ??= createScanner(options);
    }
}
