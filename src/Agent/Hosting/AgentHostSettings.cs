using System.Collections.Immutable;
using Agent.Configuration;
using Agent.Core.Diagnosis;
using Agent.Kubernetes;
using Agent.Loop;
using Agent.Sources;

namespace Agent.Hosting;

/// <summary>What an agent is made of.</summary>
internal sealed record AgentHostSettings
{
    public required AgentConfiguration Configuration { get; init; }

    /// <summary>Makes what reads the node; called again when a reload changes what is read.</summary>
    public required Func<AgentOptions, IKubernetesPods?, INodeScanner> CreateScanner { get; init; }

    /// <summary>Judges a scan; the findings are those that only remediation can make.</summary>
    public required Func<DiagnosisContext, ImmutableArray<Finding>, DiagnosisResult> Diagnose { get; init; }

    /// <summary>The API server to follow; null for none.</summary>
    public PodWatcherSettings? Kubernetes { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>How many intervals the next scan begins after the last one.</summary>
    public Func<double> Jitter { get; init; } = new ScanJitter(Random.Shared).Next;

    /// <summary>What this process has used of the processors so far.</summary>
    public Func<TimeSpan> ProcessorTime { get; init; } = static () => Environment.CpuUsage.TotalTime;

    /// <summary>Gives back the memory that this process does not use after a scan; true for the first time.</summary>
    public Action<bool> ReturnMemory { get; init; } = MemoryReturn.Give;

    /// <summary>Takes the log instead of the console.</summary>
    public Serilog.Core.ILogEventSink? LogSink { get; init; }
}
