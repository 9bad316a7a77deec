namespace Agent.Core.Diagnosis;

/// <summary>What makes a finding as bad as it is.</summary>
/// <param name="Severity">How bad.</param>
/// <param name="When">Under which condition, with its numbers; begins with a small letter, no full stop.</param>
public sealed record FindingLevel(Severity Severity, string When);
