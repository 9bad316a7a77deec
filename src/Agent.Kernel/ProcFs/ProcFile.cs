using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Agent.Kernel.Interop;
using Microsoft.Win32.SafeHandles;
using static Agent.Kernel.Interop.SocketConstants;

namespace Agent.Kernel.ProcFs;

/// <summary>Reads files of /proc: never by their size, which the kernel reports as 0 or 4096 whatever they hold.</summary>
/// <remarks>
/// A process may end between two reads: that is <see cref="KernelException.IsGone"/> (ENOENT, or ESRCH from an open file),
/// and the Try methods return false for it.
/// </remarks>
public static unsafe class ProcFile
{
    private const int MaxPathLength = 4096;

    /// <summary>Opens a file for reading.</summary>
    /// <exception cref="KernelException">ENOENT, EACCES, EPERM, ...</exception>
    public static SafeFileHandle Open(string path)
    {
        var descriptor = OpenDescriptor(path);
        return descriptor >= 0
            ? new(descriptor, ownsHandle: true)
            : throw new KernelException($"open({path})", Marshal.GetLastPInvokeError());
    }

    /// <summary>Reads the next bytes of an open file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="buffer">Receives them.</param>
    /// <param name="path">The file's name, for the exception.</param>
    /// <returns>How many bytes; 0 at the end of the file.</returns>
    /// <exception cref="KernelException">ESRCH: the process is gone. EIO, EINVAL, ...</exception>
    public static int Read(SafeFileHandle file, Span<byte> buffer, string path)
    {
        var length = ReadOnce((int)file.DangerousGetHandle(), buffer);
        GC.KeepAlive(file);
        return length >= 0 ? length : throw new KernelException($"read({path})", Marshal.GetLastPInvokeError());
    }

    /// <summary>Reads a small file whole, or as much of it as fits.</summary>
    /// <param name="path">The file.</param>
    /// <param name="buffer">Receives its bytes.</param>
    /// <param name="length">How many bytes; the whole buffer when the file may be longer.</param>
    /// <returns>False when the file, or its process, is gone or never was.</returns>
    /// <exception cref="KernelException">Any other failure, above all <see cref="KernelException.IsDenied"/>.</exception>
    public static bool TryRead(string path, Span<byte> buffer, out int length)
    {
        length = 0;
        var errno = Read(path, buffer, ref length);
        return errno == 0 || (ErrnoText.IsGone(errno) ? false : throw new KernelException($"read({path})", errno));
    }

    /// <summary>Reads a file whole into an array that is kept for the next file and grown when necessary.</summary>
    /// <param name="path">The file.</param>
    /// <param name="buffer">The array; replaced by a larger one when the file does not fit.</param>
    /// <param name="maxLength">What to read at most: a longer file is cut off there.</param>
    /// <param name="length">How many bytes of the array are the file's.</param>
    /// <returns>False when the file, or its process, is gone or never was.</returns>
    /// <exception cref="KernelException">Any other failure, above all <see cref="KernelException.IsDenied"/>.</exception>
    public static bool TryReadAll(string path, ref byte[] buffer, int maxLength, out int length)
    {
        while (TryRead(path, buffer, out length))
        {
            if (length < buffer.Length || buffer.Length >= maxLength)
            {
                return true;
            }

            buffer = GC.AllocateUninitializedArray<byte>(Math.Min(Math.Max(buffer.Length * 2, 4096), maxLength));
        }

        return false;
    }

    private static int Read(string path, Span<byte> buffer, ref int length)
    {
        var descriptor = OpenDescriptor(path);
        if (descriptor < 0)
        {
            return Marshal.GetLastPInvokeError();
        }

        return ReadAndClose(descriptor, buffer, ref length);
    }

    /// <summary>
    /// Reads a file that is open to its end, or as much of it as fits, and closes it. Thousands of files are read in a scan: none costs an
    /// object.
    /// </summary>
    /// <returns>0 or the error number.</returns>
    internal static int ReadAndClose(int descriptor, Span<byte> buffer, ref int length)
    {
        var errno = 0;
        while (length < buffer.Length)
        {
            var read = ReadOnce(descriptor, buffer[length..]);
            if (read <= 0)
            {
                errno = read == 0 ? 0 : Marshal.GetLastPInvokeError();
                break;
            }

            length += read;
        }

        _ = Libc.close(descriptor);
        return errno;
    }

    /// <summary>read(2), again when a signal interrupts it.</summary>
    /// <returns>How many bytes; less than 0: the last error says why not.</returns>
    internal static int ReadOnce(int descriptor, Span<byte> buffer)
    {
        fixed (byte* bytes = buffer)
        {
            nint length;
            do
            {
                length = Libc.read(descriptor, bytes, (nuint)buffer.Length);
            }
            while (length < 0 && Marshal.GetLastPInvokeError() == ErrnoText.EINTR);

            return (int)length;
        }
    }

    [SkipLocalsInit]
    private static int OpenDescriptor(string path)
    {
        Span<byte> name = stackalloc byte[MaxPathLength];
        if (!Encoding.UTF8.TryGetBytes(path, name[..^1], out var length))
        {
            throw new ArgumentException($"A path has at most {MaxPathLength - 1} bytes.", nameof(path));
        }

        name[length] = 0;
        fixed (byte* bytes = name)
        {
            int descriptor;
            do
            {
                descriptor = Libc.open(bytes, O_RDONLY | O_CLOEXEC);
            }
            while (descriptor < 0 && Marshal.GetLastPInvokeError() == ErrnoText.EINTR);

            return descriptor;
        }
    }
}
