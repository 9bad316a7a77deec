using Agent.Core.Ends;
using Agent.Core.Model;

namespace Agent.Core.Tracing;

/// <summary>Which ends a trace shows.</summary>
public sealed record TraceFilter
{
    /// <summary>Only pods of this namespace; null for all.</summary>
    public string? Namespace { get; init; }

    /// <summary>
    /// Only this pod: <c>NAME</c> or <c>NS/NAME</c>, also <c>host</c>, <c>netns:NAME</c>, <c>container:ID</c>; null for all.
    /// </summary>
    public string? Pod { get; init; }

    /// <summary>Only connections to this server port, whichever side; null for all.</summary>
    public ushort? Port { get; init; }

    /// <summary>Only requests that were lost.</summary>
    public bool LostOnly { get; init; }

    /// <summary>Whether an end is shown.</summary>
    public bool Includes(in JudgedEnd end) =>
        (!LostOnly || end.Loss is not (LossCause.None or LossCause.Unknown))
        && (Port is null || Port == end.ServerPort)
        && (Namespace is null || Namespace == end.Pod.Namespace)
        && (Pod is null || Pod == end.Pod.Name || Pod == end.Pod.DisplayName);
}
