using Agent.Configuration;

namespace Agent.Sources;

/// <summary>
/// Finds the node's directories from a container that was made without mounts for them: below /host, where <c>kubectl debug node</c>
/// puts the node's root (kubectl-debug(1)), or through /proc/1/root (proc(5)), which shows it to whoever shares the node's process ids
/// and may look at process 1. What a user sets is taken as it is.
/// </summary>
internal static class HostDirectories
{
    private const string HostMount = "/host";

    private static readonly PodsOptions s_usual = new();

    /// <summary>The options with the directories that are there; the usual ones where none is.</summary>
    public static PodsOptions Locate(PodsOptions pods, string procRoot) =>
        Locate(pods, HostMount, $"{procRoot.TrimEnd('/')}/1/root", IsInContainer(procRoot));

    internal static PodsOptions Locate(PodsOptions pods, string hostMount, string rootOfInit, bool inContainer)
    {
        if (!inContainer)
        {
            return pods;
        }

        // A container has a /sys/fs/cgroup of its own that may show less than the node's; a /var/log/pods it has only by a mount.
        return pods with
        {
            LogRoot = Find(pods.LogRoot, s_usual.LogRoot, [pods.LogRoot, hostMount + pods.LogRoot, rootOfInit + pods.LogRoot]),
            CgroupRoot = Find(pods.CgroupRoot, s_usual.CgroupRoot, [hostMount + pods.CgroupRoot, rootOfInit + pods.CgroupRoot]),
        };
    }

    private static string Find(string configured, string usual, string[] candidates) =>
        configured == usual ? Array.Find(candidates, Directory.Exists) ?? usual : configured;

    /// <summary>False where this program has the mounts of process 1; a process 1 that it may not look at is another's.</summary>
    private static bool IsInContainer(string procRoot)
    {
        var own = LinkTarget($"{procRoot.TrimEnd('/')}/self/ns/mnt");
        return own is not null && own != LinkTarget($"{procRoot.TrimEnd('/')}/1/ns/mnt");
    }

    private static string? LinkTarget(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
