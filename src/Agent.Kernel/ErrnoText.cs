using Mono.Unix.Native;

namespace Agent.Kernel;

/// <summary>Error numbers by name. Source: include/uapi/asm-generic/errno-base.h and errno.h.</summary>
public static class ErrnoText
{
    public const int EPERM = 1;
    public const int ENOENT = 2;
    public const int ESRCH = 3;
    public const int EINTR = 4;
    public const int EIO = 5;
    public const int EAGAIN = 11;
    public const int EACCES = 13;
    public const int EBUSY = 16;
    public const int EEXIST = 17;
    public const int ENODEV = 19;
    public const int ENOTDIR = 20;
    public const int EINVAL = 22;
    public const int EROFS = 30;
    public const int EPIPE = 32;
    public const int ENOSYS = 38;
    public const int EPROTONOSUPPORT = 93;
    public const int EOPNOTSUPP = 95;
    public const int EAFNOSUPPORT = 97;
    public const int ENOBUFS = 105;
    public const int ETIMEDOUT = 110;

    /// <summary>The symbolic name of an error number with its number, for example <c>EPERM (1)</c>.</summary>
    /// <param name="errno">A positive error number of Linux, which is how Mono.Posix numbers its names too.</param>
    public static string Describe(int errno) =>
        Enum.IsDefined((Errno)errno) ? $"{(Errno)errno} ({errno})" : $"errno {errno}";

    /// <summary>ENOENT, ESRCH, ENODEV or ENOTDIR: what was read is gone, or was never there.</summary>
    public static bool IsGone(int errno) => errno is ENOENT or ESRCH or ENODEV or ENOTDIR;
}
