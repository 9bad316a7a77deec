namespace Agent.Core.Model;

/// <summary>How well the ends of connections of this node are heard. Every number but the share only grows.</summary>
/// <param name="Seen">Ends that were heard.</param>
/// <param name="Missed">Messages of the kernel that were lost because they came faster than they were read: at most so many ends.</param>
/// <param name="WatchedShare">
/// Share of the last minutes in which the kernel was listened to, 0 to 1.
/// </param>
/// <param name="Watched">How long it was listened to since the agent began.</param>
public sealed record ConnectionEndsSummary(long Seen, long Missed, double WatchedShare, TimeSpan Watched);
