using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>What is known of the place where a finding was made. What is null or empty is not known.</summary>
internal sealed record FixFacts
{
    private readonly record struct Part(bool? Holds, string Condition);

    /// <summary>What owns the connections; null for a source.</summary>
    public FixSubjects? Subject { get; init; }

    /// <summary>The node's.</summary>
    public NodePlace Place { get; init; } = NodePlace.Unknown;

    /// <summary>The operating system; null when not known.</summary>
    public NodeOperatingSystems? NodeOs { get; init; }

    /// <summary>The meshes whose proxy is in the pod; null when not known.</summary>
    public ImmutableArray<MeshProxy>? Meshes { get; init; }

    /// <summary>The programs that may be the server; empty when not known.</summary>
    public ImmutableArray<string> Programs { get; init; } = [];

    /// <summary>Whose cloud it is; null when not known.</summary>
    public CloudProvider? Cloud { get; init; }

    /// <summary>The facts of one finding.</summary>
    public static FixFacts Of(FindingSubject subject, PodSnapshot? owner, Snapshot snapshot) => new()
    {
        Subject = subject.Kind switch
        {
            SubjectKind.Pod => FixSubjects.Pod,
            SubjectKind.Node or SubjectKind.Host => FixSubjects.Node,
            SubjectKind.Source => null,
            _ => FixSubjects.PlainNamespace,
        },
        Place = snapshot.Place,
        NodeOs = NodeSystems.Of(snapshot.Place.OperatingSystem),
        Cloud = NodeSystems.CloudOf(snapshot.Place.OperatingSystem, snapshot.Node.Kernel),
        Meshes = owner is null ? null : MeshProxies.Of(owner),
        Programs = owner is null ? [] : ServerPrograms.Of(owner, snapshot),
    };

    /// <summary>Whether a fix can help.</summary>
    public FixMatch Match(FixPlace place)
    {
        Part[] parts =
        [
            Of(place.KubeProxy, Place.KubeProxy is { } runs ? runs == place.KubeProxy : null,
                place.KubeProxy == true ? "if kube-proxy runs here" : "if kube-proxy does not run here"),
            Of(place.Mesh, Meshes is { } meshes ? meshes.Contains(place.Mesh ?? default) : null, $"if {place.Mesh} is in the pod"),
            Of(place.Subjects, Subject is { } subject ? (place.Subjects & subject) != 0 : null, ""),
            // Nearly every node has a shell; one that is not known is taken to have it.
            Of(place.NodeOs, NodeOs is { } system ? (place.NodeOs & system) != 0 : (place.NodeOs & NodeOperatingSystems.General) != 0,
                ""),
            Of(place.Runtime, place.Runtime is { } runtime ? ServerPrograms.Run(Programs, runtime) : null, "if that is what serves"),
            Of(place.Platform, place.Platform is { } platform ? IsOn(platform) : null, "if that is in front"),
            Of(place.AgentInPod, Place.AgentInPod is { } inPod ? inPod == place.AgentInPod : null,
                place.AgentInPod == true ? "if closewatch runs in a pod" : "if closewatch runs outside pods"),
        ];
        return new(
            parts.Any(static part => part.Holds == false),
            parts.FirstOrDefault(static part => part.Holds is null && part.Condition.Length > 0).Condition ?? "");
    }

    // What a fix does not ask for holds.
    private static Part Of<T>(T? asked, bool? holds, string condition)
        where T : struct => asked is null ? new(true, "") : new(holds, condition);

    private bool? IsOn(FixPlatform platform) => platform switch
    {
        FixPlatform.Cilium => Place.Cilium,
        FixPlatform.AwsAlb => Cloud is null or CloudProvider.Amazon ? null : false,
        _ => Cloud is null or CloudProvider.Google ? null : false,
    };
}

/// <summary>Whether a fix can help in a place.</summary>
/// <param name="IsRuledOut">It cannot.</param>
/// <param name="Condition">What must hold and is not known; empty when it surely fits.</param>
internal readonly record struct FixMatch(bool IsRuledOut, string Condition);
