using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Attribution;

/// <summary>
/// Who a pod is, by the uid that its cgroup carries: by what the API server and the kubelet say, never by what a pod says of itself.
/// </summary>
/// <remarks>
/// A pod's own uid decides. A static pod's cgroup carries the hash of its manifest instead, which its mirror pod repeats in an
/// annotation; whoever may make pods can write such annotations too. So the kubelet's log directory, which has the hash beside the true
/// name, decides which pod that is; without one, the only pod that claims the hash. A hash that is some pod's uid is nobody's to claim.
/// </remarks>
public sealed class PodRegistry
{
    private readonly Dictionary<string, KubernetesPod> _byUid = new(StringComparer.Ordinal);
    private readonly ILookup<string, KubernetesPod> _byConfigHash;
    private readonly IReadOnlyDictionary<string, (string Namespace, string Name)> _logDirectories;

    /// <summary>Takes over what is known in one scan.</summary>
    /// <param name="pods">The API's pods of this node; empty without the API.</param>
    /// <param name="logDirectories">Namespace and name by uid, or by the hash of a static pod's manifest, as the kubelet has them.</param>
    public PodRegistry(ImmutableArray<KubernetesPod> pods, IReadOnlyDictionary<string, (string Namespace, string Name)> logDirectories)
    {
        _logDirectories = logDirectories;
        foreach (var pod in pods)
        {
            _byUid[pod.Uid] = pod;
        }

        _byConfigHash = pods.Where(pod => pod.ConfigHash is { } hash && !_byUid.ContainsKey(hash))
            .ToLookup(static pod => pod.ConfigHash!, StringComparer.Ordinal);
    }

    /// <summary>The identity of a pod; one that nobody knows is named by its uid.</summary>
    /// <param name="cgroupUid">The uid in the path of its cgroup.</param>
    public PodIdentity Identify(string cgroupUid)
    {
        var (podNamespace, name) = Find(cgroupUid) is { } pod ? (pod.Namespace, pod.Name)
            : _logDirectories.TryGetValue(cgroupUid, out var directory) ? directory
            : ("", $"pod:{cgroupUid}");
        return new PodIdentity(PodKind.Pod, podNamespace, name, cgroupUid);
    }

    /// <summary>What the API server says of it; null where it is not known there.</summary>
    /// <param name="cgroupUid">The uid in the path of its cgroup.</param>
    public KubernetesPod? Find(string cgroupUid)
    {
        if (_byUid.TryGetValue(cgroupUid, out var pod))
        {
            return pod;
        }

        var claimants = _byConfigHash[cgroupUid];
        return _logDirectories.TryGetValue(cgroupUid, out var directory)
            ? claimants.FirstOrDefault(claimant => (claimant.Namespace, claimant.Name) == directory)
            : claimants.Take(2).ToArray() is [var only] ? only
            : null;
    }
}
