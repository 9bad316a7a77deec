using System.Collections.Immutable;
using Agent.Configuration;
using Agent.Core.Diagnosis;
using Agent.Core.Reporting;
using Agent.Reporting;

namespace Agent.Commands;

/// <summary>What <c>closewatch report</c> was asked for.</summary>
internal sealed record ReportRequest
{
    public required ReportFormat Format { get; init; }

    public required ReportOptions Options { get; init; }

    public TimeSpan Window { get; init; }

    /// <summary>How long to wait before printing it again; null to print it once.</summary>
    public TimeSpan? Watch { get; init; }

    /// <summary>Scan here and now, whatever a running agent knows.</summary>
    public bool Fresh { get; init; }

    public Severity? FailOn { get; init; }

    public string? ConfigurationFile { get; init; }

    /// <summary>Keys that options stand for.</summary>
    public ImmutableArray<ConfigurationEntry> Overrides { get; init; } = [];

    public Appearance Appearance { get; init; } = new();
}
