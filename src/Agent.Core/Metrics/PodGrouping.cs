using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Metrics;

/// <summary>Which group each pod of a snapshot belongs to, and which groups are over the cap.</summary>
public sealed class PodGrouping
{
    private readonly PodLabels _labels;
    private readonly Dictionary<(string Namespace, string Name), PodGroup> _groups = [];
    private readonly HashSet<PodGroup> _cut = [];

    /// <summary>Groups the pods of one snapshot.</summary>
    public PodGrouping(Snapshot snapshot, MetricsOptions options)
    {
        _labels = options.PodLabels;
        var sizes = new Dictionary<PodGroup, (bool Known, long HalfClosed, long Sockets)>();
        foreach (var pod in snapshot.Pods)
        {
            var group = GroupOf(pod.Identity, pod.Kubernetes);
            _groups[(pod.Identity.Namespace, pod.Identity.Name)] = group;
            var size = sizes.GetValueOrDefault(group);
            sizes[group] = (
                size.Known || IsKnown(pod), size.HalfClosed + pod.HalfClosed.Sockets, size.Sockets + (pod.Tcp?.Counts.Sum() ?? 0));
        }

        foreach (var gone in snapshot.Gone)
        {
            _groups.TryAdd((gone.Identity.Namespace, gone.Identity.Name), GroupOf(gone.Identity, gone.Kubernetes));
        }

        if (sizes.Count > options.MaxPods)
        {
            _cut.UnionWith(sizes
                .OrderByDescending(static pair => pair.Value.Known)
                .ThenByDescending(static pair => pair.Value.HalfClosed)
                .ThenByDescending(static pair => pair.Value.Sockets)
                .ThenBy(static pair => pair.Key.Namespace, StringComparer.Ordinal)
                .ThenBy(static pair => pair.Key.Name, StringComparer.Ordinal)
                .Skip(options.MaxPods)
                .Select(static pair => pair.Key));
        }
    }

    /// <summary>The group that takes what is over the cap.</summary>
    public PodGroup Other => _labels switch
    {
        PodLabels.Namespace => new(PodGroup.OtherName, "", true),
        _ => new("", PodGroup.OtherName, true),
    };

    /// <summary>The group of what belongs to nobody on this node.</summary>
    public PodGroup Nobody => _labels switch
    {
        PodLabels.Namespace => new(TableUse.NobodyName, "", true),
        PodLabels.None => new("", "", true),
        _ => new("", TableUse.NobodyName, true),
    };

    /// <summary>The labels that take the place of <c>namespace</c>, <c>pod</c>.</summary>
    public ImmutableArray<string> LabelNames => _labels switch
    {
        PodLabels.Pod => ["namespace", "pod"],
        PodLabels.Workload => ["namespace", "workload"],
        PodLabels.Namespace => ["namespace"],
        _ => [],
    };

    /// <summary>The values of <see cref="LabelNames"/>.</summary>
    public ImmutableArray<string> LabelValues(PodGroup group) => _labels switch
    {
        PodLabels.Pod or PodLabels.Workload => [group.Namespace, group.Name],
        PodLabels.Namespace => [group.Namespace],
        _ => [],
    };

    /// <summary>True when the group's series are merged into those of <see cref="Other"/>.</summary>
    public bool IsCut(PodGroup group) => _cut.Contains(group);

    /// <summary>The group of a pod, after the cap.</summary>
    public PodGroup Capped(PodIdentity identity) => this[identity] is var group && IsCut(group) ? Other : group;

    /// <summary>The group of a pod, before the cap.</summary>
    public PodGroup this[PodIdentity identity] => this[identity.Namespace, identity.Name];

    /// <summary>
    /// The group of whatever has this name; a name that is not in the snapshot (a pod that is gone) is a group as far as it can be told.
    /// </summary>
    public PodGroup this[string podNamespace, string name] =>
        _groups.TryGetValue((podNamespace, name), out var group) ? group : Fold(podNamespace, name, "");

    /// <summary>Anybody can make network namespaces; pods are made by the kubelet, and there is one host.</summary>
    private static bool IsKnown(PodSnapshot pod) =>
        pod.Identity.Kind == PodKind.Host
        || (pod.Identity.Kind == PodKind.Pod && (pod.Kubernetes is not null || pod.Identity.Namespace.Length > 0));

    private PodGroup GroupOf(PodIdentity identity, KubernetesPod? kubernetes) => Fold(identity.Namespace, identity.Name, kubernetes switch
    {
        _ when identity.Kind != PodKind.Pod => identity.Name,
        null => "",
        { Workload: null } => "Pod/" + identity.Name,
        { Workload: { } workload } => workload.DisplayName,
    });

    private PodGroup Fold(string podNamespace, string name, string workload) => _labels switch
    {
        PodLabels.Pod => new(podNamespace, name, false),
        PodLabels.Workload => new(podNamespace, workload, true),
        PodLabels.Namespace => new(podNamespace, "", true),
        _ => new("", "", true),
    };
}
