using System.Runtime.InteropServices;
using Agent.Kernel.Interop;
using Microsoft.Win32.SafeHandles;
using static Agent.Kernel.Interop.DirectoryConstants;

namespace Agent.Kernel.ProcFs;

/// <summary>
/// Lists a directory by getdents64(2) into one buffer that is kept: names are bytes, inodes come for nothing. Not thread-safe.
/// </summary>
internal sealed unsafe class DirectoryReader
{
    // struct linux_dirent64: u64 d_ino, s64 d_off, u16 d_reclen, u8 d_type, d_name with a NUL.
    private const int LengthOffset = 16;
    private const int TypeOffset = 18;
    private const int NameOffset = 19;

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(32 * 1024, pinned: true);
    private SafeFileHandle? _directory;
    private int _filled;
    private int _next;
    private int _current;

    /// <summary>d_name without its NUL; valid until the next move.</summary>
    public ReadOnlySpan<byte> Name
    {
        get
        {
            var name = _buffer.AsSpan(_current + NameOffset, _next - _current - NameOffset);
            return name[..Math.Max(0, name.IndexOf((byte)0))];
        }
    }

    /// <summary>d_name with its NUL and padding: what a relative system call wants.</summary>
    public ReadOnlySpan<byte> TerminatedName => _buffer.AsSpan(_current + NameOffset, _next - _current - NameOffset);

    /// <summary>d_ino.</summary>
    public ulong Inode => MemoryMarshal.Read<ulong>(_buffer.AsSpan(_current));

    /// <summary>d_type, DT_*.</summary>
    public byte Type => _buffer[_current + TypeOffset];

    /// <summary>Starts before the first entry.</summary>
    /// <param name="directory">Stays the caller's; is rewound.</param>
    /// <exception cref="KernelException">It cannot be rewound.</exception>
    public void Start(SafeFileHandle directory)
    {
        _directory = directory;
        _filled = _next = _current = 0;
        if (Libc.lseek(directory, 0, SEEK_SET) < 0)
        {
            throw new KernelException("lseek(directory)", Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Goes to the next entry, "." and ".." included.</summary>
    /// <returns>False at the end, or when the directory is gone.</returns>
    /// <exception cref="KernelException">The directory cannot be listed.</exception>
    public bool MoveNext()
    {
        if (_next >= _filled && !Fill())
        {
            return false;
        }

        _current = _next;
        var length = MemoryMarshal.Read<ushort>(_buffer.AsSpan(_current + LengthOffset));
        _next = Math.Min(_filled, _current + Math.Max(length, (ushort)(NameOffset + 1)));
        return true;
    }

    private bool Fill()
    {
        nint read;
        fixed (byte* bytes = _buffer)
        {
            read = Libc.getdents64(_directory!, bytes, (nuint)_buffer.Length);
        }

        if (read < 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            return ErrnoText.IsGone(errno) ? false : throw new KernelException("getdents64", errno);
        }

        _filled = (int)read;
        _next = 0;
        return read > 0;
    }
}
