namespace Agent.Core.Diagnosis;

/// <summary>
/// How bad a finding is. Severity follows the evidence: a setting alone is information, a setting with victims is critical.
/// </summary>
public enum Severity
{
    /// <summary>Worth knowing.</summary>
    Info,

    /// <summary>Will cause, or probably causes, failed requests.</summary>
    Warning,

    /// <summary>Causes failed requests now.</summary>
    Critical,
}
