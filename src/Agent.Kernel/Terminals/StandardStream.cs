using System.Runtime.InteropServices;
using Agent.Kernel.Interop;
using Microsoft.Win32.SafeHandles;

namespace Agent.Kernel.Terminals;

/// <summary>
/// Standard output or error, by write(2) and nothing else. The console's own stream prepares a terminal for reading keys before it writes;
/// a file stream has a position of its own and would write over what others append.
/// </summary>
/// <param name="descriptor">1 or 2; stays open.</param>
/// <param name="tellsWhenClosed">
/// True: writing throws an <see cref="IOException"/> when nobody reads any more (EPIPE). False: what is written then is lost in silence, as
/// programs that end by themselves do.
/// </param>
public sealed class StandardStream(int descriptor, bool tellsWhenClosed = false) : Stream
{
    /// <summary>The descriptor of standard output.</summary>
    public const int Output = 1;

    /// <summary>The descriptor of standard error.</summary>
    public const int Error = 2;

    private readonly SafeFileHandle _handle = new(descriptor, ownsHandle: false);

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>
    /// True when what is written to a descriptor reaches nobody any more: a pipe without a reader, a terminal or a socket that was hung up
    /// (POLLERR and POLLHUP of poll(2)). Does not wait.
    /// </summary>
    /// <param name="descriptor">1 or 2.</param>
    public static unsafe bool ReaderHasLeft(int descriptor)
    {
        var file = new Libc.poll_file { fd = descriptor };
        return Libc.poll(&file, 1, 0) > 0 && (file.revents & (Libc.POLLERR | Libc.POLLHUP)) != 0;
    }

    /// <inheritdoc/>
    public override unsafe void Write(ReadOnlySpan<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            for (var written = 0; written < buffer.Length;)
            {
                var count = Libc.write(_handle, start + written, (nuint)(buffer.Length - written));
                if (count >= 0)
                {
                    written += (int)count;
                    continue;
                }

                switch (Marshal.GetLastPInvokeError())
                {
                    case ErrnoText.EINTR:
                        break;
                    case ErrnoText.EAGAIN:
                        WaitUntilWritable();
                        break;
                    case ErrnoText.EPIPE when !tellsWhenClosed:
                        return;
                    case var errno:
                        throw new IOException($"writing to descriptor {descriptor} failed with {ErrnoText.Describe(errno)}");
                }
            }
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Flush()
    {
        // Nothing is kept.
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _handle.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>Another process may have made what is behind the descriptor non-blocking: it is shared.</summary>
    private unsafe void WaitUntilWritable()
    {
        var file = new Libc.poll_file { fd = descriptor, events = Libc.POLLOUT };
        _ = Libc.poll(&file, 1, -1);
    }
}
