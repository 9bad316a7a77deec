using Agent.Core.Model;
using Agent.Kernel;

namespace Agent.Reporting;

/// <summary>Whether a scan saw enough to say anything, and which privilege or module is missing when it did not.</summary>
/// <param name="Unreadable">Neither connections nor settings could be read.</param>
/// <param name="Denied">Something was read, but the conntrack table is refused to this user: the report leaves out what it is for.</param>
/// <param name="Message">One line for standard error; empty when all is well.</param>
internal sealed record Readability(bool Unreadable, bool Denied, string Message)
{
    private static readonly string[] s_connections = [SourceNames.Conntrack, SourceNames.Sockets];

    /// <summary>
    /// True when the effective user is the node's root: in a user namespace of its own a process has user id 0 and no right here.
    /// </summary>
    public static bool IsRootOfNode => Environment.IsPrivilegedProcess && !UserNamespace.IsOwn();

    /// <param name="snapshot">What was read.</param>
    /// <param name="isRoot">Whether the effective user is 0. Root without capabilities still reads procfs; others do not.</param>
    public static Readability Check(Snapshot snapshot, bool isRoot)
    {
        if (s_connections.Any(snapshot.HasSource))
        {
            var denied = !isRoot
                && snapshot is { Node.CapturedTree: false, TracksNothing: false }
                && snapshot.Source(SourceNames.Conntrack) is { Status: SourceStatus.Unavailable or SourceStatus.Failed };
            return denied
                ? new(
                    false,
                    true,
                    $"the conntrack table could not be read: {Why(snapshot, SourceNames.Conntrack)}; run it as root or with CAP_NET_ADMIN")
                : new(false, false, "");
        }

        var reasons = s_connections
            .Where(name => snapshot.Source(name) is not null)
            .Select(name => $"{name}: {Why(snapshot, name)}")
            .ToArray();
        if (reasons.Length == 0)
        {
            reasons = ["every source is off (Collection:Conntrack, Collection:Sockets)"];
        }

        return new(true, false, $"nothing could be read: {string.Join("; ", reasons)}; {Remedy(snapshot, isRoot)}");
    }

    private static string Why(Snapshot snapshot, string source) =>
        snapshot.Source(source)!.Detail is { Length: > 0 } detail ? detail.TrimEnd('.') : "no reason given";

    private static string Remedy(Snapshot snapshot, bool isRoot) =>
        snapshot.Node.CapturedTree ? "give --proc-root the directory that holds net/nf_conntrack or net/tcp"
        : isRoot ? "load the module (modprobe nf_conntrack) or add CAP_NET_ADMIN"
        : "run it as root or with CAP_NET_ADMIN";
}
