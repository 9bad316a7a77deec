namespace Agent.Core.Model;

/// <summary>How a source fared in one scan.</summary>
public enum SourceStatus
{
    /// <summary>Everything was read.</summary>
    Ok,

    /// <summary>Read, but less than possible: a fallback was used, a dump was inconsistent, or a part is missing.</summary>
    Degraded,

    /// <summary>This machine does not offer it, or the privilege is missing.</summary>
    Unavailable,

    /// <summary>It should have worked and did not.</summary>
    Failed,
}
