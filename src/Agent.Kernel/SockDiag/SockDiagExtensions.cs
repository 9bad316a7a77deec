namespace Agent.Kernel.SockDiag;

/// <summary>
/// What to ask for beside the plain socket: bits of idiag_ext, <c>1 &lt;&lt; (INET_DIAG_* - 1)</c>. Source: include/uapi/linux/inet_diag.h.
/// </summary>
[Flags]
public enum SockDiagExtensions : byte
{
    /// <summary>Nothing; the cgroup comes unasked (Linux 5.7).</summary>
    None = 0,

    /// <summary>INET_DIAG_INFO: ages and byte counts. Costs the kernel a lock on each socket.</summary>
    Info = 1 << 1,
}
