using static Agent.Kernel.Interop.DirectoryConstants;

namespace Agent.Kernel.ProcFs;

/// <summary>What kind of directory stands in for /proc.</summary>
public static class ProcMount
{
    /// <summary>True for a mounted proc file system; false for a captured tree, whose files are plain ones.</summary>
    /// <exception cref="KernelException">There is no such directory, or it may not be read.</exception>
    public static bool IsLive(string procRoot)
    {
        using var directory = DirectoryHandle.Open(procRoot);
        return directory.IsOn(PROC_SUPER_MAGIC);
    }
}
