namespace Agent.Core.Remediation;

/// <summary>A setting below net.netfilter that this program may write.</summary>
/// <param name="Name">Its file's name, for example <c>nf_conntrack_tcp_timeout_close_wait</c>.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Minimum">The least value that is ever written.</param>
/// <param name="Maximum">The greatest.</param>
public sealed record SysctlDefinition(string Name, SysctlKind Kind, long Minimum, long Maximum)
{
    /// <summary>Its name as snapshots have it: without the prefix <c>nf_conntrack_</c>.</summary>
    public string ShortName { get; } = Name["nf_conntrack_".Length..];

    /// <summary>False for what belongs to the machine and not to a network namespace.</summary>
    public bool IsPerNamespace => Kind != SysctlKind.TableLimit;

    /// <summary>True when a value may be written.</summary>
    public bool Allows(long value) => value >= Minimum && value <= Maximum;

    /// <summary>What may be written, for people.</summary>
    public string Range => Kind == SysctlKind.Timeout ? $"from {Minimum} to {Maximum} seconds" : $"from {Minimum} to {Maximum}";
}

/// <summary>What a setting holds.</summary>
public enum SysctlKind
{
    /// <summary>Seconds.</summary>
    Timeout,

    /// <summary>How many entries the table may have; 0 means no limit.</summary>
    TableLimit,

    /// <summary>0 or 1.</summary>
    Switch,
}
