using Agent.Core.Remediation;

namespace Agent.Remediation;

/// <summary>One value to write, or only to look at.</summary>
/// <param name="Target">Where.</param>
/// <param name="Sysctl">Whole name.</param>
/// <param name="From">The value that must be there: another one is not replaced.</param>
/// <param name="To">The new value.</param>
/// <param name="MayWrite">False: only reads what is there.</param>
internal sealed record WriteRequest(SysctlTarget Target, string Sysctl, long From, long To, bool MayWrite)
{
    public SysctlKey Key => new(Target.Scope, Target.Identity.Uid, Target.NamespaceInode, Sysctl);
}

/// <summary>What became of it.</summary>
/// <param name="Request">What was asked for.</param>
/// <param name="Result">How it ended.</param>
/// <param name="Actual">The value that was there before; null when it could not be read.</param>
/// <param name="Detail">Why not, and what to do; empty when it was written.</param>
internal sealed record WriteOutcome(WriteRequest Request, WriteResult Result, long? Actual, string Detail = "");

/// <summary>How an attempt to write ended.</summary>
internal enum WriteResult
{
    /// <summary>Written, and read back.</summary>
    Written,

    /// <summary>The value was there already, or a higher one.</summary>
    AlreadyThere,

    /// <summary>It would have been written, but its time has not come.</summary>
    Held,

    /// <summary>Another value than planned with was there: nothing was written.</summary>
    Changed,

    /// <summary>/proc/sys is mounted read-only.</summary>
    ReadOnly,

    /// <summary>No permission to write, or to enter the namespace.</summary>
    Denied,

    /// <summary>The kernel does not take the value.</summary>
    Invalid,

    /// <summary>The kernel does not have the setting.</summary>
    Missing,

    /// <summary>The namespace, or the pod in it, is gone.</summary>
    Vanished,

    /// <summary>Anything else, also a value that did not stay.</summary>
    Failed,
}

/// <summary>Names a value for good: the same pod with another namespace is another one.</summary>
internal readonly record struct SysctlKey(string Scope, string Uid, ulong NamespaceInode, string Sysctl);
