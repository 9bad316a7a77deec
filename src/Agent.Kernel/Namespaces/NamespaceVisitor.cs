using System.Runtime.InteropServices;
using Agent.Kernel.Interop;
using Agent.Kernel.ProcFs;
using Microsoft.Win32.SafeHandles;
using static Agent.Kernel.Interop.DirectoryConstants;

namespace Agent.Kernel.Namespaces;

/// <summary>
/// Moves the thread of a <see cref="NamespaceThread"/> between network namespaces. A socket keeps the namespace that it was opened in.
/// </summary>
public sealed class NamespaceVisitor : IDisposable
{
    private const int ProcessesTried = 8;
    private const string OwnNamespace = "/proc/thread-self/ns/net";

    private readonly DirectoryHandle _root;
    private readonly DirectoryHandle _ownTables;
    private readonly SafeFileHandle _home;
    private readonly ulong _homeId;
    private ulong _currentId;

    internal NamespaceVisitor(string procRoot)
    {
        _home = ProcFile.Open(OwnNamespace);
        DirectoryHandle? root = null;
        try
        {
            root = DirectoryHandle.Open(procRoot);
            _ownTables = DirectoryHandle.Open("/proc/thread-self");
        }
        catch
        {
            root?.Dispose();
            _home.Dispose();
            throw;
        }

        _root = root;
        _homeId = _currentId = CurrentId();
    }

    /// <summary>The directory with the tables of the namespace that the thread is in.</summary>
    public static string NetPath => "/proc/thread-self/net";

    /// <summary>Enters a namespace and makes sure that it is the one that is meant.</summary>
    /// <param name="target">The namespace, as of the last scan. One without processes learns its <see cref="NetworkNamespace.Id"/>.</param>
    /// <param name="failure">Why not, with the privilege that is missing; null when the namespace is gone, which is normal.</param>
    /// <returns>False when the thread stays where it was, or is back home.</returns>
    public bool TryEnter(NetworkNamespace target, out KernelException? failure)
    {
        ArgumentNullException.ThrowIfNull(target);
        failure = null;
        if (target.Id != 0 && target.Id == _currentId)
        {
            return true;
        }

        var isHome = target.Id != 0 && target.Id == _homeId;
        using var opened = isHome ? null : Open(target, out failure);
        if (!isHome && opened is null)
        {
            failure = failure is { IsGone: true } ? null : failure;
            return false;
        }

        if (!TrySet(opened ?? _home, target, out failure))
        {
            return false;
        }

        _currentId = CurrentId();
        if (!target.Learn(_currentId))
        {
            // The process id belongs to another process by now, or the process moved.
            Return();
            return false;
        }

        return true;
    }

    /// <summary>Goes back to the namespace that the thread started in.</summary>
    /// <exception cref="KernelException">setns(2) refused it.</exception>
    public void Return()
    {
        if (_currentId != _homeId)
        {
            if (Libc.setns(_home, CLONE_NEWNET) != 0)
            {
                throw new KernelException($"setns({OwnNamespace})", Marshal.GetLastPInvokeError());
            }

            _currentId = _homeId;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ownTables.Dispose();
        _root.Dispose();
        _home.Dispose();
    }

    /// <summary>The number of a namespace.</summary>
    /// <param name="target">The namespace, as of the last scan.</param>
    /// <param name="numbers">Opened in this thread's own namespace.</param>
    /// <param name="number">Null when it has none, or is gone.</param>
    /// <returns>False when it may not be opened.</returns>
    internal bool TryFindNumber(NetworkNamespace target, NamespaceNumbers numbers, out int? number)
    {
        number = null;
        if (target.Id != 0 && target.Id == _homeId)
        {
            number = numbers.Find(_home);
            return true;
        }

        using var opened = Open(target, out var failure);
        if (opened is not null)
        {
            number = numbers.Find(opened);
        }

        return opened is not null || failure is null or { IsGone: true };
    }

    private SafeFileHandle? Open(NetworkNamespace target, out KernelException? failure)
    {
        failure = null;
        if (target.RepresentativePid == 0)
        {
            return target.NamePath is not null ? OpenName(target, out failure)
                : target.Mount is not null ? target.Mount.TryOpen(_root)
                : target.ListedId != 0 ? LiveNamespaceListing.TryOpen(target.ListedId)
                : null;
        }

        var opened = OpenOf(target.RepresentativePid, out var errno) ?? OpenOther(target);
        if (opened is null && IsThere(target))
        {
            failure = new KernelException(
                $"open(/proc/{target.RepresentativePid}/ns/net)", errno, Privileges.WhyDenied(errno, Capability.SysPtrace));
        }

        return opened;
    }

    /// <summary>
    /// By another process than the representative, which may not be looked at (process 1 of a machine that guards it) or is gone.
    /// </summary>
    private SafeFileHandle? OpenOther(NetworkNamespace target)
    {
        foreach (var process in target.Processes.Take(ProcessesTried))
        {
            var opened = OpenOf(process.Pid, out _);
            if (opened is not null && DirectoryHandle.Stat(opened, out var status) == 0 && status.Inode == target.Inode)
            {
                return opened;
            }

            opened?.Dispose();
        }

        return null;
    }

    private SafeFileHandle? OpenOf(int pid, out int errno)
    {
        var opened = _root.Open(pid, "ns/net"u8, out errno);
        if (opened is not null && !IsNamespace(opened))
        {
            // Linux 5.10 opens the link itself where ptrace(2) rights are missing; later kernels say EACCES.
            opened.Dispose();
            opened = null;
            errno = ErrnoText.EACCES;
        }

        return opened;
    }

    /// <summary>
    /// False when the representative has ended. The kernel says EACCES, as if a right were missing, where a process ends between the two
    /// steps of opening its link (proc_ns_get_link).
    /// </summary>
    private bool IsThere(NetworkNamespace target) => _root.Stat(target.RepresentativePid, "net/tcp"u8, out _) == 0;

    /// <summary>True for a file of nsfs, the only kind that setns(2) takes; it says EINVAL to every other.</summary>
    private static bool IsNamespace(SafeFileHandle opened) => DirectoryHandle.IsOn(opened, NSFS_MAGIC);

    private static SafeFileHandle? OpenName(NetworkNamespace target, out KernelException? failure)
    {
        failure = null;
        try
        {
            var opened = ProcFile.Open(target.NamePath!);
            if (IsNamespace(opened))
            {
                return opened;
            }

            // The name is still there but nothing is mounted on it any more.
            opened.Dispose();
            return null;
        }
        catch (KernelException exception)
        {
            failure = exception;
            return null;
        }
    }

    private static bool TrySet(SafeFileHandle opened, NetworkNamespace target, out KernelException? failure)
    {
        failure = null;
        if (Libc.setns(opened, CLONE_NEWNET) == 0)
        {
            return true;
        }

        var errno = Marshal.GetLastPInvokeError();
        failure = new KernelException($"setns(net:[{target.DisplayInode}])", errno, Privileges.WhyDenied(errno, Capability.SysAdmin));
        return false;
    }

    private ulong CurrentId() => _ownTables.Stat("net/tcp\0"u8, out var status) == 0 ? status.Inode : 0;
}
