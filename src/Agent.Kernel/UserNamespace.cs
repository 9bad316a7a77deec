namespace Agent.Kernel;

/// <summary>The user namespace of the calling thread (user_namespaces(7)).</summary>
public static class UserNamespace
{
    // PROC_USER_INIT_INO, include/linux/proc_ns.h.
    private const string Initial = "user:[4026531837]";

    /// <summary>
    /// True when it is not the node's: user id 0 and capabilities are good there, not on the node. False also where it can not be told.
    /// </summary>
    public static bool IsOwn() => new FileInfo("/proc/thread-self/ns/user").LinkTarget is { } link && link != Initial;
}
