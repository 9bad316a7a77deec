using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Reporting.Html;

/// <summary>What the page shows besides the snapshot and its diagnosis.</summary>
public sealed record HtmlReportOptions
{
    /// <summary>Rows of the table of pods when nothing else is asked for: a page scrolls and sorts, so more than a text shows.</summary>
    public const int DefaultMaxPods = 200;

    /// <summary>Version of the program.</summary>
    public required string Version { get; init; }

    /// <summary>Commit it was built from; empty when unknown.</summary>
    public string Commit { get; init; } = "";

    /// <summary>Thresholds that the diagnosis used, to compare with.</summary>
    public Thresholds Diagnosis { get; init; } = new();

    /// <summary>Earlier scans, oldest first, this one included; fewer than two draw nothing.</summary>
    public ImmutableArray<SnapshotPoint> History { get; init; } = [];

    /// <summary>Who scanned; null: nothing is said of it.</summary>
    public ReportOrigin? Origin { get; init; }

    /// <summary>Where the commands that it offers will be typed.</summary>
    public Caller Caller { get; init; }

    /// <summary>
    /// How often the page is to be loaded again, for a page that an agent serves: it then has links to the other forms, too. Null for a
    /// file that is kept.
    /// </summary>
    public TimeSpan? Refresh { get; init; }

    /// <summary>Rows of the table of pods.</summary>
    public int MaxPods { get; init; } = DefaultMaxPods;

    /// <summary>Sample connections of each owner, oldest first.</summary>
    public int ConnectionsPerPod { get; init; } = 10;
}
