using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Snapshots;

/// <summary>What was heard of the ends of connections up to one scan.</summary>
/// <param name="ByOwner">By owner index; null for an owner that nobody listened to.</param>
/// <param name="Gone">Owners that left a short while ago.</param>
/// <param name="Summary">How well it is heard.</param>
public sealed record EndsSample(ImmutableArray<EndsSummary?> ByOwner, ImmutableArray<GonePod> Gone, ConnectionEndsSummary Summary);
