using Agent.Kernel.Namespaces;

namespace Agent.Kernel;

/// <summary>Why the kernel refused for want of a privilege.</summary>
/// <param name="Needed">The capability that the operation asks for.</param>
/// <param name="IsHeld">True when the thread has it: then a security module or a user namespace refuses.</param>
public readonly record struct Denial(Capability Needed, bool IsHeld)
{
    /// <summary>For a message: what to give, or where else to look.</summary>
    public string Remedy => IsHeld
        ? $"{Name} is there, so a security module refuses it: run unconfined by AppArmor or SELinux, outside a user namespace"
        : $"needs {Name}";

    private string Name => Needed switch
    {
        Capability.NetAdmin => "CAP_NET_ADMIN",
        Capability.SysPtrace => "CAP_SYS_PTRACE",
        _ => "CAP_SYS_ADMIN",
    };
}
