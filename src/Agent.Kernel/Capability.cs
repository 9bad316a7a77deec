namespace Agent.Kernel;

/// <summary>The capabilities in use, by their numbers in include/uapi/linux/capability.h.</summary>
public enum Capability
{
    /// <summary>CAP_NET_BROADCAST: hearing how connections end in all namespaces by one socket.</summary>
    NetBroadcast = 11,

    /// <summary>CAP_NET_ADMIN: conntrack over netlink.</summary>
    NetAdmin = 12,

    /// <summary>CAP_SYS_PTRACE: the namespace links and descriptors of other users' processes.</summary>
    SysPtrace = 19,

    /// <summary>CAP_SYS_ADMIN: entering namespaces.</summary>
    SysAdmin = 21,
}
