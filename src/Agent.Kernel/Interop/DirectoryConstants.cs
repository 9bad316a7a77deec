namespace Agent.Kernel.Interop;

/// <summary>Sources: fcntl.h, linux/openat2.h, linux/stat.h, linux/sched.h, linux/magic.h, linux/exportfs.h, dirent.h.</summary>
internal static class DirectoryConstants
{
    internal const int AT_EMPTY_PATH = 0x1000;

    internal const int O_PATH = 0x20_0000;

    internal const ulong RESOLVE_NO_MAGICLINKS = 0x02;
    internal const ulong RESOLVE_NO_SYMLINKS = 0x04;
    internal const ulong RESOLVE_CACHED = 0x20;

    internal const uint STATX_MTIME = 0x40;
    internal const uint STATX_INO = 0x100;

    internal const int SEEK_SET = 0;

    internal const byte DT_DIR = 4;

    internal const int CLONE_NEWNET = 0x40000000;

    /// <summary>In the place of a descriptor: the root of nsfs (Linux 6.18).</summary>
    internal const int FD_NSFS_ROOT = -10003;

    internal const int FILEID_NSFS = 0xF1;

    /// <summary>NSFS_FILE_HANDLE_SIZE_VER0.</summary>
    internal const uint NSFS_FILE_HANDLE_SIZE = 16;

    /// <summary>The inode of the initial pid namespace, include/linux/proc_ns.h.</summary>
    internal const ulong PROC_PID_INIT_INO = 0xEFFF_FFFC;

    internal const int PROC_SUPER_MAGIC = 0x9FA0;
    internal const int NSFS_MAGIC = 0x6E73_6673;
    internal const int CGROUP2_SUPER_MAGIC = 0x6367_7270;
}
