namespace Agent.Core.Diagnosis;

/// <summary>A finding that another one may follow from.</summary>
/// <param name="Cause">Id of the cause.</param>
/// <param name="Reach">Whose finding the cause must be.</param>
public sealed record CauseLink(string Cause, CauseReach Reach);

/// <summary>Whose finding a cause must be.</summary>
public enum CauseReach
{
    /// <summary>That of the same subject.</summary>
    SameSubject,

    /// <summary>The node's; what follows from it may be anyone's.</summary>
    Node,
}
