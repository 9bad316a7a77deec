using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>What a finding is about.</summary>
/// <param name="Kind">What kind of thing.</param>
/// <param name="Namespace">Kubernetes namespace, or empty.</param>
/// <param name="Name">Name; of hosts, namespaces and containers it says the kind too (<c>netns:blue</c>).</param>
public sealed record FindingSubject(SubjectKind Kind, string Namespace, string Name)
{
    /// <summary><c>namespace/name</c>, or the name alone where there is no namespace.</summary>
    public string DisplayName => Namespace.Length == 0 ? Name : $"{Namespace}/{Name}";

    /// <summary>True for the node and what is read of it: not one of the owners of connections that a snapshot lists.</summary>
    public bool IsOfNode => Kind is SubjectKind.Node or SubjectKind.Source;

    /// <summary>The kind as JSON and the reports spell it.</summary>
    public string KindName => Kind switch
    {
        SubjectKind.Node => "node",
        SubjectKind.Source => "source",
        SubjectKind.Pod => "pod",
        SubjectKind.Host => "host",
        SubjectKind.NetworkNamespace => "netns",
        _ => "container",
    };

    /// <summary>The node.</summary>
    public static FindingSubject Node(Snapshot snapshot) => new(SubjectKind.Node, "", snapshot.Node.Name);

    /// <summary>A source of facts, one of <see cref="SourceNames"/>.</summary>
    public static FindingSubject Source(string name) => new(SubjectKind.Source, "", name);

    /// <summary>A pod or whatever else owns connections.</summary>
    public static FindingSubject Of(PodIdentity identity) => new(
        identity.Kind switch
        {
            PodKind.Pod => SubjectKind.Pod,
            PodKind.Host => SubjectKind.Host,
            PodKind.NetworkNamespace => SubjectKind.NetworkNamespace,
            _ => SubjectKind.Container,
        },
        identity.Namespace,
        identity.Name);
}

/// <summary>What kind of thing a finding is about.</summary>
public enum SubjectKind
{
    /// <summary>The node as a whole.</summary>
    Node,

    /// <summary>A source of facts.</summary>
    Source,

    /// <summary>A Kubernetes pod.</summary>
    Pod,

    /// <summary>The node's own network namespace, outside every pod.</summary>
    Host,

    /// <summary>A network namespace that belongs to no pod and no container.</summary>
    NetworkNamespace,

    /// <summary>A container that is no pod.</summary>
    Container,
}
