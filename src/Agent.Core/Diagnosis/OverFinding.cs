namespace Agent.Core.Diagnosis;

/// <summary>A finding of at least a warning that holds no longer: what it was, and until when.</summary>
/// <param name="Finding">As it was last seen, at its worst.</param>
/// <param name="Until">When it was last seen.</param>
public sealed record OverFinding(Finding Finding, DateTimeOffset Until);
