namespace Agent.Core.Diagnosis;

/// <summary>What the name of an operating system tells of a node.</summary>
internal static class NodeSystems
{
    /// <summary>How settings are changed there, by ID of os-release(5); null when unknown.</summary>
    public static NodeOperatingSystems? Of(string id) => id switch
    {
        "" => null,
        "bottlerocket" => NodeOperatingSystems.Bottlerocket,
        "talos" => NodeOperatingSystems.Talos,
        "cos" => NodeOperatingSystems.ContainerOptimized,
        _ => NodeOperatingSystems.General,
    };

    /// <summary>
    /// Whose cloud it is, by systems and kernels that only one of them ships: <c>6.8.0-1021-aws</c>, <c>6.1.112.amzn2023</c>,
    /// <c>6.8.0-1017-gke</c>, <c>6.8.0-1018-azure</c>.
    /// </summary>
    public static CloudProvider? CloudOf(string id, string kernel) =>
        id is "cos" || kernel.EndsWith("-gke", StringComparison.Ordinal) || kernel.EndsWith("-gcp", StringComparison.Ordinal)
            ? CloudProvider.Google
        : id is "amzn" || kernel.EndsWith("-aws", StringComparison.Ordinal) || kernel.Contains(".amzn", StringComparison.Ordinal)
            ? CloudProvider.Amazon
        : kernel.EndsWith("-azure", StringComparison.Ordinal) ? CloudProvider.Azure
        : null;
}

/// <summary>Clouds whose load balancers have settings of their own.</summary>
internal enum CloudProvider
{
    /// <summary>Google Cloud.</summary>
    Google,

    /// <summary>Amazon Web Services.</summary>
    Amazon,

    /// <summary>Microsoft Azure.</summary>
    Azure,
}
