using Agent.Core.Diagnosis;
using Agent.Core.Metrics;
using Agent.Core.Model;
using Agent.Exporting;
using Agent.Kernel.ProcFs;

namespace Agent.Hosting;

/// <summary>
/// Judges and renders a scan of nothing, so that what does it is loaded and compiled while the host is being built, and not only when
/// the node has been read.
/// </summary>
internal static class Rehearsal
{
    private static readonly Snapshot s_nothing = new()
    {
        TakenAt = DateTimeOffset.UnixEpoch,
        Node = new("", "", "", false),
        ScanDuration = TimeSpan.Zero,
        Sources = [],
        Pods = [],
    };

    /// <summary>Does it once. Nothing of the agent's is touched, and nothing is published.</summary>
    public static void Run(AgentHostSettings settings)
    {
        var options = settings.Configuration.Options;
        var snapshot = ThresholdJudge.Judge(s_nothing, options.Diagnosis);
        var families = new MetricsBuilder().Build(new()
        {
            Snapshot = snapshot,
            Thresholds = options.Diagnosis,
            Diagnosis = new FindingTracker().Update(settings.Diagnose(new(snapshot, [], options.Diagnosis), []), snapshot.TakenAt),
            Options = options.Metrics,
            Interval = options.Collection.Interval,
            Build = AgentBuild.Current,
            Process = ProcSelf.Read(),
            LogLinesDropped = 0,
        });
        _ = new ExpositionRenderer().Render(families);
    }
}
