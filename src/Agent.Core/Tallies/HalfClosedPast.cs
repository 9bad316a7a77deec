using Agent.Kernel.Net;

namespace Agent.Core.Tallies;

/// <summary>What earlier scans saw of a half-closed socket.</summary>
/// <param name="Watched">How long this program has seen it half-closed; zero at first sight.</param>
/// <param name="Host">Its entry in the host's table, when an earlier scan found it.</param>
/// <param name="Own">Its entry in the table of its own namespace, likewise.</param>
/// <param name="HostKin">An entry of another connection of the same two ends in the host's table, likewise.</param>
/// <param name="OwnKin">And in the table of its own namespace.</param>
/// <param name="Outside">How the connection looked outside its namespace while its own table told; null when it never did.</param>
public readonly record struct HalfClosedPast(
    TimeSpan Watched,
    PastEntry Host,
    PastEntry Own,
    PastEntry HostKin = default,
    PastEntry OwnKin = default,
    ConnectionTuple? Outside = null);

/// <summary>What is remembered of an entry that may be gone.</summary>
/// <param name="WasThere">Whether it was ever seen.</param>
/// <param name="Translated">Whether it translated an address or port; null where several stand for it and disagree.</param>
/// <param name="Zone">Its zone.</param>
/// <param name="WasFresh">Whether it was <see cref="EntryMatch.IsFresh"/> when it was last seen.</param>
public readonly record struct PastEntry(bool WasThere, bool? Translated, ushort Zone, bool WasFresh = false)
{
    /// <summary>What is known after this scan.</summary>
    public PastEntry With(in EntryMatch match) => match.Found ? new(true, match.Translated, match.Zone, match.IsFresh) : this;
}
