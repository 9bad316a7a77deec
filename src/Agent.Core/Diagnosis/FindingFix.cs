using System.Collections.Frozen;

namespace Agent.Core.Diagnosis;

/// <summary>A way to repair.</summary>
/// <param name="Where">For people: the runtime, platform or object that it is for.</param>
/// <param name="Text">A setting, an annotation or a command that can be pasted.</param>
public sealed record FindingFix(string Where, string Text)
{
    private static readonly FrozenSet<string> s_programs = new[]
    {
        "apiclient", "cilium", "closewatch", "conntrack", "curl", "dmesg", "gcloud", "iptables", "kubectl", "modprobe", "mount", "nsenter",
        "openssl", "sudo", "sysctl", "talosctl",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>True for what is typed as it stands; false for a setting that has to be put somewhere, or code.</summary>
    public bool IsCommand => s_programs.Contains(Text.Split(' ', 2)[0]);

    /// <summary>Creates a fix that does not help everywhere.</summary>
    /// <param name="where">The runtime, platform or object that it is for.</param>
    /// <param name="text">A setting, an annotation or a command that can be pasted.</param>
    /// <param name="appliesTo">Where it can help.</param>
    /// <param name="reaches">Which tables it changes.</param>
    public FindingFix(string where, string text, FixPlace appliesTo, FixReach reaches = FixReach.Subject)
        : this(where, text)
    {
        AppliesTo = appliesTo;
        Reaches = reaches;
    }

    /// <summary>True for what repairs all pods of a workload: the better way where several of them have the same trouble.</summary>
    public bool IsOfWorkload { get; init; }

    /// <summary>Where it can help.</summary>
    public FixPlace AppliesTo { get; init; } = FixPlace.Anywhere;

    /// <summary>What must hold for it to help, where that is not known: <c>if kube-proxy runs here</c>; empty where it is known.</summary>
    public string Condition { get; init; } = "";

    /// <summary>What it changes beyond its subject.</summary>
    public FixReach Reaches { get; init; }
}

/// <summary>Which connection tracking tables a fix changes.</summary>
[Flags]
public enum FixReach
{
    /// <summary>None: only what the finding is about.</summary>
    Subject = 0,

    /// <summary>That of the node's network namespace.</summary>
    HostTable = 1,

    /// <summary>Those of pods that track connections in their own namespace.</summary>
    PodTables = 2,
}
