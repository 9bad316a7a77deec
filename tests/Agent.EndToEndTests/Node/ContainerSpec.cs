namespace Agent.EndToEndTests.Node;

/// <summary>One container of a pod, in the words of a pod's manifest.</summary>
public sealed record ContainerSpec(string Name, string Image, params IReadOnlyList<string> Arguments)
{
    /// <summary>Instead of the image's entry point.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Runs to its end, with exit code 0, before the next container starts.</summary>
    public bool Init { get; init; }

    public long? RunAsUser { get; init; }

    /// <summary>Without the leading CAP_; ALL as in a manifest.</summary>
    public IReadOnlyList<string> AddCapabilities { get; init; } = [];

    public IReadOnlyList<string> DropCapabilities { get; init; } = [];

    public bool ReadOnlyRootFilesystem { get; init; }

    /// <summary>allowPrivilegeEscalation: false.</summary>
    public bool NoNewPrivileges { get; init; }

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    public IReadOnlyList<HostMount> Mounts { get; init; } = [];
}

/// <summary>A hostPath volume: a path of the node, seen at the same path in the container unless told otherwise.</summary>
public sealed record HostMount(string HostPath, string? ContainerPath = null, bool ReadOnly = true);
