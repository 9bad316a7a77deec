using Agent.Core.Model;

namespace Agent.Core.Reporting;

/// <summary>What of a snapshot a report shows.</summary>
public sealed record ReportOptions
{
    /// <summary>Pods shown when <see cref="Top"/> is not given.</summary>
    public const int DefaultTop = 20;

    /// <summary>Connections of each pod shown when nothing else is asked for.</summary>
    public const int DefaultConnections = 10;

    /// <summary>How many pods, most half-closed sockets first; null: 20 for people, all in JSON.</summary>
    public int? Top { get; init; }

    /// <summary>How many connections of each pod, oldest first.</summary>
    public int Connections { get; init; } = DefaultConnections;

    /// <summary>Only this Kubernetes namespace; null for all.</summary>
    public string? Namespace { get; init; }

    /// <summary>Only this pod, <c>NAME</c> or <c>NAMESPACE/NAME</c>; null for all.</summary>
    public string? Pod { get; init; }

    /// <summary>Only the first block: the verdict.</summary>
    public bool Quiet { get; init; }

    /// <summary>Everything instead of one screen, in text and Markdown.</summary>
    public bool Details { get; init; }

    /// <summary>Where the commands that it offers will be typed.</summary>
    public Caller Caller { get; init; }

    /// <summary>True when a part of the node is asked for.</summary>
    public bool IsFiltered => Namespace is not null || Pod is not null;

    /// <summary>True for an owner that is asked for.</summary>
    public bool Selects(PodIdentity identity) => Selects(identity.Namespace, identity.Name);

    /// <summary>True for an owner that is asked for.</summary>
    public bool Selects(string @namespace, string name) =>
        (Namespace is null || Namespace == @namespace) && (Pod is null || Pod == name || Pod == $"{@namespace}/{name}");
}
