namespace Agent.Core.Tallies;

/// <summary>What earlier scans saw of a half-closed socket.</summary>
/// <param name="Watched">How long this program has seen it half-closed; zero at first sight.</param>
/// <param name="WasInHostTable">True when an earlier scan found its entry in the host's table.</param>
/// <param name="WasInOwnTable">True when an earlier scan found its entry in the table of its own namespace.</param>
public readonly record struct HalfClosedPast(TimeSpan Watched, bool WasInHostTable, bool WasInOwnTable);
