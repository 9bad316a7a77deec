using Agent.Kernel.Interop;

namespace Agent.Kernel.ProcFs;

/// <summary>What is used of struct statx.</summary>
/// <param name="Inode">stx_ino.</param>
/// <param name="Device">stx_dev, major number in the upper half.</param>
/// <param name="ModifiedNanoseconds">stx_mtime since 1970: only good for comparing with itself.</param>
internal readonly record struct FileStatus(ulong Inode, ulong Device, long ModifiedNanoseconds)
{
    public static FileStatus From(in Libc.statx_result result) => new(
        result.stx_ino,
        ((ulong)result.stx_dev_major << 32) | result.stx_dev_minor,
        unchecked((result.stx_mtime_sec * 1_000_000_000) + result.stx_mtime_nsec));
}
