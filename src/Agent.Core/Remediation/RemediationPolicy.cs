using System.Collections.Immutable;

namespace Agent.Core.Remediation;

/// <summary>What is wanted, and where.</summary>
public sealed record RemediationPolicy
{
    /// <summary>Whether the node's own namespace is looked after.</summary>
    public bool Host { get; init; }

    /// <summary>Whether pods' own namespaces are.</summary>
    public bool Pods { get; init; }

    /// <summary>
    /// Wanted values by whole sysctl name. Names and values may be anything: what is not in <see cref="SysctlCatalog"/> is refused.
    /// </summary>
    public required ImmutableSortedDictionary<string, long> Settings { get; init; }

    /// <summary>Which pods; <see cref="LabelSelector.Everything"/> for all.</summary>
    public LabelSelector PodSelector { get; init; } = LabelSelector.Everything;

    /// <summary>Nothing is raised that could fill the table beyond this; 0 to 1.</summary>
    public required double MaxTableFill { get; init; }

    /// <summary>Whether our value counts where kube-proxy has one of its own.</summary>
    public bool OverrideKubeProxy { get; init; }
}
