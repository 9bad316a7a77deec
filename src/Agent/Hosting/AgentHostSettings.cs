using Agent.Configuration;
using Agent.Core.Diagnosis;
using Agent.Sources;

namespace Agent.Hosting;

/// <summary>What an agent is made of.</summary>
internal sealed record AgentHostSettings
{
    public required AgentOptions Options { get; init; }

    /// <summary>Makes what reads the node; called again when a reload changes what is read.</summary>
    public required Func<AgentOptions, INodeScanner> CreateScanner { get; init; }

    public required Func<DiagnosisContext, DiagnosisResult> Diagnose { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where the log goes.</summary>
    public Serilog.Core.ILogEventSink? LogSink { get; init; }
}
