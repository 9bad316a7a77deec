namespace Agent.Kernel;

/// <summary>Why the kernel refused for want of a privilege.</summary>
/// <param name="Needed">The capability that the operation asks for.</param>
/// <param name="IsHeld">True when the thread has it: then a security module refuses, or it is not good for the node.</param>
public readonly record struct Denial(Capability Needed, bool IsHeld)
{
    /// <summary>True when the thread is in a user namespace of its own, where no capability is good for what belongs to the node.</summary>
    public bool IsInUserNamespace { get; init; }

    /// <summary>For a message: what to give, or where else to look.</summary>
    public string Remedy =>
        IsInUserNamespace ? $"{Name} of a user namespace is not good for the node's: run it outside (no unshare -U, no rootless container)"
        : IsHeld ? $"{Name} is there, so a security module refuses it: run unconfined by AppArmor or SELinux"
        : $"needs {Name}";

    private string Name => Needed switch
    {
        Capability.NetBroadcast => "CAP_NET_BROADCAST",
        Capability.NetAdmin => "CAP_NET_ADMIN",
        Capability.SysPtrace => "CAP_SYS_PTRACE",
        _ => "CAP_SYS_ADMIN",
    };
}
