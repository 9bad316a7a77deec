namespace Agent.Core.Model;

/// <summary>Which machine a snapshot is of.</summary>
/// <param name="Name">Node name.</param>
/// <param name="Kernel">Release as uname(2) gives it.</param>
/// <param name="BootId">/proc/sys/kernel/random/boot_id; empty when unknown.</param>
/// <param name="CapturedTree">True when a captured /proc tree was read instead of a live kernel.</param>
public sealed record NodeInfo(string Name, string Kernel, string BootId, bool CapturedTree);
