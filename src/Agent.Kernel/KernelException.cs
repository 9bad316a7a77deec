namespace Agent.Kernel;

/// <summary>A system call, or a request over netlink, that the kernel refused.</summary>
/// <remarks>
/// Malformed bytes are never reported this way: readers return <see langword="false"/>. Callers translate this exception
/// into the status of a source; <see cref="Exception.Message"/> names the operation, the errno and, where known, the remedy.
/// </remarks>
public sealed class KernelException : Exception
{
    /// <summary>Creates an exception for a failed operation.</summary>
    /// <param name="operation">What was tried, in the words of the man page, for example <c>setns(/proc/42/ns/net)</c>.</param>
    /// <param name="errno">The positive error number (errno(3)).</param>
    /// <param name="detail">The kernel's own message (NLMSGERR_ATTR_MSG) or a remedy; null when there is none.</param>
    public KernelException(string operation, int errno, string? detail = null)
        : base(detail is null
            ? $"{operation}: {ErrnoText.Describe(errno)}"
            : $"{operation}: {ErrnoText.Describe(errno)} ({detail})")
    {
        Operation = operation;
        Errno = errno;
    }

    /// <summary>Creates an exception for an operation that asks for a privilege.</summary>
    /// <param name="operation">What was tried.</param>
    /// <param name="errno">The positive error number.</param>
    /// <param name="denial">What is missing; null when the error number is no refusal. Its remedy becomes the detail.</param>
    public KernelException(string operation, int errno, Denial? denial)
        : this(operation, errno, denial?.Remedy)
    {
        Denial = denial;
    }

    /// <summary>What was tried.</summary>
    public string Operation { get; }

    /// <summary>The positive error number (errno(3)).</summary>
    public int Errno { get; }

    /// <summary>Which privilege is missing; null when that is not known, or not the reason.</summary>
    public Denial? Denial { get; init; }

    /// <summary>EPERM or EACCES: a privilege is missing.</summary>
    public bool IsDenied => Errno is ErrnoText.EPERM or ErrnoText.EACCES;

    /// <summary>ENOENT, ESRCH, ENODEV or ENOTDIR: what was read is gone, or was never there.</summary>
    public bool IsGone => ErrnoText.IsGone(Errno);

    /// <summary>EOPNOTSUPP, EPROTONOSUPPORT, EAFNOSUPPORT or ENOSYS: this kernel cannot do it, or its module is not loaded.</summary>
    public bool IsNotSupported => Errno is ErrnoText.EOPNOTSUPP or ErrnoText.EPROTONOSUPPORT or ErrnoText.EAFNOSUPPORT or ErrnoText.ENOSYS;
}
