using System.Collections.Immutable;
using Agent.Core.Diagnosis;
using Agent.Core.Model;
using Agent.Kernel.ProcFs;

namespace Agent.Core.Metrics;

/// <summary>Everything that the metrics of one scan are made of.</summary>
public sealed record MetricsInput
{
    public required Snapshot Snapshot { get; init; }

    public required Thresholds Thresholds { get; init; }

    public required DiagnosisResult Diagnosis { get; init; }

    /// <summary>How the pod families are folded and capped.</summary>
    public required MetricsOptions Options { get; init; }

    /// <summary>Collection:Interval.</summary>
    public required TimeSpan Interval { get; init; }

    public required BuildInfo Build { get; init; }

    /// <summary>What the agent itself uses; null when not readable.</summary>
    public ProcessUsage? Process { get; init; }

    /// <summary>Log lines of the agent that nobody took, since it started.</summary>
    public long LogLinesDropped { get; init; }

    /// <summary>What remediation looks after; empty while it is off.</summary>
    public ImmutableArray<SysctlNumbers> Sysctls { get; init; } = [];
}

/// <summary>One sysctl that remediation looks after.</summary>
/// <param name="Scope"><c>host</c> or <c>pods</c>.</param>
/// <param name="Sysctl">Name without <c>net.netfilter.</c>.</param>
/// <param name="Value">Current value; null when unknown.</param>
/// <param name="Desired">Wanted value.</param>
/// <param name="Writes">Attempts to write since the agent started, by result.</param>
/// <param name="Conflicts">Changes by others since the agent started, by what was done about them.</param>
public sealed record SysctlNumbers(
    string Scope,
    string Sysctl,
    long? Value,
    long Desired,
    ImmutableSortedDictionary<string, long> Writes,
    ImmutableSortedDictionary<string, long> Conflicts);
