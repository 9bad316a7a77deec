using Agent.Core.Tracing;

namespace Agent.Commands;

/// <summary>What <c>closewatch trace</c> was asked for.</summary>
internal sealed record TraceRequest
{
    public required TraceFilter Filter { get; init; }

    /// <summary>Objects instead of text.</summary>
    public bool Json { get; init; }

    /// <summary>How long; null until it is ended.</summary>
    public TimeSpan? For { get; init; }

    /// <summary>How many lines; null for all.</summary>
    public int? Count { get; init; }

    public string? ConfigurationFile { get; init; }

    public Appearance Appearance { get; init; } = new();
}
