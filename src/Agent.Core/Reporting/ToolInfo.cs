namespace Agent.Core.Reporting;

/// <summary>Which build made a report.</summary>
/// <param name="Version">For example <c>0.1.0</c>.</param>
/// <param name="Commit">The commit it was built from; empty when unknown.</param>
public sealed record ToolInfo(string Version, string Commit);
