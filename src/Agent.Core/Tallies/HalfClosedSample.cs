using Agent.Core.Attribution;
using Agent.Kernel.Conntrack;

namespace Agent.Core.Tallies;

/// <summary>A half-closed entry kept as an example.</summary>
/// <param name="Flow">A copy of it.</param>
/// <param name="Initiator">Owner of the side that opened; <see cref="AddressIndex.None"/> when it is not on this node.</param>
/// <param name="Responder">Owner of the side that accepted, likewise.</param>
public readonly record struct HalfClosedSample(ConntrackFlow Flow, int Initiator, int Responder);
