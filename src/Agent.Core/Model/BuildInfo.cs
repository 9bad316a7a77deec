namespace Agent.Core.Model;

/// <summary>The build that is running.</summary>
/// <param name="Version">For example <c>0.1.0</c>.</param>
/// <param name="Commit">Commit it was built from; empty when unknown.</param>
/// <param name="Runtime">For example <c>.NET 10.0.1</c>.</param>
public sealed record BuildInfo(string Version, string Commit, string Runtime);
