namespace Agent.Kernel.Namespaces;

/// <summary>One process of a <see cref="ProcessTable"/>. Kept across scans; its members follow the process.</summary>
public sealed class NamespaceProcess
{
    internal NamespaceProcess(int pid, ulong directoryInode, TimeSpan firstSeen)
    {
        Pid = pid;
        DirectoryInode = directoryInode;
        FirstSeen = firstSeen;
    }

    /// <summary>The process id as the proc file system shows it.</summary>
    public int Pid { get; }

    /// <summary>
    /// starttime of proc_pid_stat(5): hundredths of a second from boot. With <see cref="Pid"/> it names the process for good.
    /// </summary>
    public ulong StartTicks { get; internal set; }

    /// <summary>The name of the program (comm), at most 15 bytes; as of when the process was last looked at.</summary>
    public string Command { get; internal set; } = "";

    /// <summary>Whom it belongs to.</summary>
    public CgroupOwner Owner { get; internal set; } = CgroupOwner.None;

    /// <summary>Its network namespace; null for kernel threads, zombies and processes that may not be looked at.</summary>
    public NetworkNamespace? Namespace { get; internal set; }

    /// <summary>
    /// The inode of /proc/PID. The kernel makes a new one for each process (and again when memory pressure drops it), so a process id that
    /// was given to another process shows without any reading.
    /// </summary>
    internal ulong DirectoryInode { get; }

    internal TimeSpan FirstSeen { get; }

    internal ProcessStanding Standing { get; set; }

    internal long LastScan { get; set; }

    /// <summary>The scan that found it in <see cref="Namespace"/>.</summary>
    internal long MemberSince { get; set; }

    internal int Examinations { get; set; }

    internal int TableIndex { get; set; } = -1;

    internal int NamespaceIndex { get; set; } = -1;

    /// <summary>The order in which processes began; those of the same hundredth of a second by their ids, and no process first.</summary>
    public static int CompareAge(NamespaceProcess? one, NamespaceProcess? other)
    {
        var byStart = (one?.StartTicks ?? 0).CompareTo(other?.StartTicks ?? 0);
        return byStart != 0 ? byStart : (one?.Pid ?? 0).CompareTo(other?.Pid ?? 0);
    }
}

/// <summary>What is known of a process.</summary>
internal enum ProcessStanding : byte
{
    /// <summary>Not looked at yet.</summary>
    New,

    /// <summary>In a network namespace.</summary>
    Member,

    /// <summary>A kernel thread.</summary>
    KernelThread,

    /// <summary>A zombie, or one that is just ending: it has no namespaces any more.</summary>
    WithoutNamespace,

    /// <summary>May not be looked at (hidepid, a security module).</summary>
    Denied,

    /// <summary>Ended.</summary>
    Gone,
}
