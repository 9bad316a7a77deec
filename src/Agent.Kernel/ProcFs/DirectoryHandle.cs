using System.Buffers.Text;
using System.Runtime.InteropServices;
using Agent.Kernel.Interop;
using Microsoft.Win32.SafeHandles;
using static Agent.Kernel.Interop.DirectoryConstants;
using static Agent.Kernel.Interop.SocketConstants;

namespace Agent.Kernel.ProcFs;

/// <summary>
/// An open directory, mostly the root of a proc file system. What is below it is reached by relative names in bytes, so that
/// looking at a process costs no string, and failures are plain error numbers, because a process that is gone is no exception.
/// </summary>
internal sealed unsafe class DirectoryHandle : IDisposable
{
    // A process id has at most 7 digits (PID_MAX_LIMIT is 4 Mi), a slash follows, a NUL ends the name.
    private const int MaxPidNameLength = 64;

    private readonly SafeFileHandle _handle;

    private DirectoryHandle(SafeFileHandle handle) => _handle = handle;

    /// <summary>For a <see cref="DirectoryReader"/>.</summary>
    public SafeFileHandle Handle => _handle;

    /// <summary>Opens a directory.</summary>
    /// <exception cref="KernelException">It is not there, or may not be read.</exception>
    public static DirectoryHandle Open(string path) => new(ProcFile.Open(path));

    /// <summary>Opens a directory; null when it is gone or never was.</summary>
    /// <exception cref="KernelException">It may not be read.</exception>
    public static DirectoryHandle? TryOpen(string path)
    {
        try
        {
            return Open(path);
        }
        catch (KernelException exception) when (exception.IsGone)
        {
            return null;
        }
    }

    /// <summary>Writes <c>PID/FILE</c> with a NUL behind it.</summary>
    /// <param name="buffer">At least 64 bytes.</param>
    /// <param name="pid">The process.</param>
    /// <param name="file">Below its directory.</param>
    public static ReadOnlySpan<byte> Name(Span<byte> buffer, int pid, ReadOnlySpan<byte> file)
    {
        _ = Utf8Formatter.TryFormat(pid, buffer, out var length);
        buffer[length++] = (byte)'/';
        file.CopyTo(buffer[length..]);
        buffer[length + file.Length] = 0;
        return buffer[..(length + file.Length + 1)];
    }

    /// <summary>statx(2) of <c>PID/FILE</c>.</summary>
    /// <returns>0 or the error number.</returns>
    public int Stat(int pid, ReadOnlySpan<byte> file, out FileStatus status)
    {
        Span<byte> name = stackalloc byte[MaxPidNameLength];
        return Stat(Name(name, pid, file), out status);
    }

    /// <summary>statx(2) of a name that ends in NUL; of the directory itself when it is only a NUL.</summary>
    /// <returns>0 or the error number.</returns>
    public int Stat(ReadOnlySpan<byte> name, out FileStatus status) => Stat(_handle, name, out status);

    /// <summary>statx(2) of an open file.</summary>
    /// <returns>0 or the error number.</returns>
    public static int Stat(SafeFileHandle opened, out FileStatus status) => Stat(opened, "\0"u8, out status);

    private static int Stat(SafeFileHandle directory, ReadOnlySpan<byte> name, out FileStatus status)
    {
        Libc.statx_result result;
        fixed (byte* bytes = name)
        {
            var failed = Libc.statx(directory, bytes, AT_EMPTY_PATH, STATX_INO | STATX_MTIME, &result) != 0;
            status = failed ? default : FileStatus.From(result);
            return failed ? Marshal.GetLastPInvokeError() : 0;
        }
    }

    /// <summary>Reads <c>PID/FILE</c>, or as much of it as fits.</summary>
    /// <returns>0 or the error number.</returns>
    public int Read(int pid, ReadOnlySpan<byte> file, Span<byte> buffer, out int length)
    {
        Span<byte> name = stackalloc byte[MaxPidNameLength];
        return Read(Name(name, pid, file), buffer, out length);
    }

    /// <summary>Reads a file, whose name ends in NUL, or as much of it as fits.</summary>
    /// <returns>0 or the error number.</returns>
    public int Read(ReadOnlySpan<byte> name, Span<byte> buffer, out int length)
    {
        length = 0;
        var descriptor = OpenDescriptor(name);
        return descriptor < 0 ? Marshal.GetLastPInvokeError() : ProcFile.ReadAndClose(descriptor, buffer, ref length);
    }

    /// <summary>Reads a file that the kernel gives with one read(2), such as one value of sysctl. Its name ends in NUL.</summary>
    /// <returns>0 or the error number.</returns>
    public int ReadOnce(ReadOnlySpan<byte> name, Span<byte> buffer, out int length)
    {
        length = 0;
        var descriptor = OpenDescriptor(name);
        if (descriptor < 0)
        {
            return Marshal.GetLastPInvokeError();
        }

        length = ProcFile.ReadOnce(descriptor, buffer);
        var errno = length < 0 ? Marshal.GetLastPInvokeError() : 0;
        length = Math.Max(length, 0);
        _ = Libc.close(descriptor);
        return errno;
    }

    /// <summary>readlink(2) of <c>PID/FILE</c>.</summary>
    /// <returns>0 or the error number.</returns>
    public int ReadLink(int pid, ReadOnlySpan<byte> file, Span<byte> buffer, out int length)
    {
        Span<byte> name = stackalloc byte[MaxPidNameLength];
        return ReadLink(_handle, Name(name, pid, file), buffer, out length);
    }

    /// <summary>readlink(2) of a name that ends in NUL, below an open directory.</summary>
    /// <returns>0 or the error number.</returns>
    public static int ReadLink(SafeFileHandle directory, ReadOnlySpan<byte> name, Span<byte> buffer, out int length)
    {
        fixed (byte* path = name)
        fixed (byte* bytes = buffer)
        {
            var read = Libc.readlinkat(directory, path, bytes, (nuint)buffer.Length);
            length = (int)Math.Max(read, 0);
            return read < 0 ? Marshal.GetLastPInvokeError() : 0;
        }
    }

    /// <summary>Opens <c>PID/FILE</c> for reading.</summary>
    /// <returns>Null when that failed; <paramref name="errno"/> says why.</returns>
    public SafeFileHandle? Open(int pid, ReadOnlySpan<byte> file, out int errno)
    {
        Span<byte> name = stackalloc byte[MaxPidNameLength];
        return Open(Name(name, pid, file), out errno);
    }

    /// <summary>Opens a name that ends in NUL for reading.</summary>
    /// <returns>Null when that failed; <paramref name="errno"/> says why.</returns>
    public SafeFileHandle? Open(ReadOnlySpan<byte> name, out int errno)
    {
        var descriptor = OpenDescriptor(name);
        errno = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        return descriptor < 0 ? null : new(descriptor, ownsHandle: true);
    }

    /// <summary>The directory that <c>PID/LINK</c> leads to, to look names up in and for nothing else (O_PATH).</summary>
    /// <returns>Null when that failed.</returns>
    public SafeFileHandle? OpenPath(int pid, ReadOnlySpan<byte> link)
    {
        Span<byte> name = stackalloc byte[MaxPidNameLength];
        fixed (byte* bytes = Name(name, pid, link))
        {
            var descriptor = Libc.openat(_handle, bytes, O_PATH | O_CLOEXEC);
            return descriptor < 0 ? null : new(descriptor, ownsHandle: true);
        }
    }

    /// <summary>True when the directory is on a file system of the given type (statfs(2), f_type).</summary>
    public bool IsOn(int magic) => IsOn(_handle, magic);

    /// <summary>The same of an open file.</summary>
    public static bool IsOn(SafeFileHandle opened, int magic)
    {
        Libc.statfs_result result;
        return Libc.fstatfs(opened, &result) == 0 && result.f_type == magic;
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private int OpenDescriptor(ReadOnlySpan<byte> name)
    {
        fixed (byte* bytes = name)
        {
            return Libc.openat(_handle, bytes, O_RDONLY | O_CLOEXEC);
        }
    }
}

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
