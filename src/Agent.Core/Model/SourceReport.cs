namespace Agent.Core.Model;

/// <summary>What one source read in one scan.</summary>
/// <param name="Name">One of <see cref="SourceNames"/>.</param>
/// <param name="Backend">netlink, procfs, sock_diag, api, logs, cgroup ...</param>
/// <param name="Status">How it fared.</param>
/// <param name="Detail">For people: what is missing, why, and what that costs; empty when all is well.</param>
/// <param name="Duration">How long it took.</param>
/// <param name="Records">How many entries, sockets, namespaces or pods were read.</param>
public sealed record SourceReport(string Name, string Backend, SourceStatus Status, string Detail, TimeSpan Duration, long Records)
{
    /// <summary>What it lacks; <see cref="SourceNeeds.None"/> when all is well or when the reason is not known.</summary>
    public SourceNeeds Needs { get; init; }
}
