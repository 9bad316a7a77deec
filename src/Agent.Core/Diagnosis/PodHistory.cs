using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>
/// What snapshots say of each owner. Kept from scan to scan: a scan adds a snapshot to the many that are there. For one thread at a time.
/// </summary>
public sealed class PodHistory
{
    private readonly Dictionary<PodIdentity, List<PodObservation>> _byPod = [];
    private ImmutableArray<Snapshot> _snapshots = [];

    /// <summary>What some snapshots say.</summary>
    /// <param name="snapshots">Oldest first.</param>
    public static PodHistory From(ImmutableArray<Snapshot> snapshots)
    {
        var history = new PodHistory();
        history.Update(snapshots);
        return history;
    }

    /// <summary>What they say of an owner, oldest first; good until the next <see cref="Update"/>.</summary>
    public IReadOnlyList<PodObservation> Of(PodIdentity identity) => _byPod.TryGetValue(identity, out var observations) ? observations : [];

    /// <summary>Says from now on what these snapshots say.</summary>
    /// <param name="snapshots">Oldest first. Those that were there already are not read again.</param>
    public void Update(ImmutableArray<Snapshot> snapshots)
    {
        var before = new HashSet<Snapshot>(_snapshots, ReferenceEqualityComparer.Instance);
        var known = snapshots.TakeWhile(before.Contains).Count();
        Forget(snapshots[..known]);
        foreach (var snapshot in snapshots[known..])
        {
            foreach (var pod in snapshot.Pods)
            {
                if (!_byPod.TryGetValue(pod.Identity, out var observations))
                {
                    _byPod.Add(pod.Identity, observations = []);
                }

                observations.Add(new(snapshot, pod));
            }
        }

        _snapshots = snapshots;
    }

    private void Forget(ImmutableArray<Snapshot> allBut)
    {
        var kept = new HashSet<Snapshot>(allBut, ReferenceEqualityComparer.Instance);
        foreach (var (identity, observations) in _byPod)
        {
            observations.RemoveAll(observation => !kept.Contains(observation.Snapshot));
            if (observations.Count == 0)
            {
                _byPod.Remove(identity);
            }
        }
    }
}

/// <summary>One owner at one time.</summary>
/// <param name="Snapshot">The snapshot that shows it.</param>
/// <param name="Pod">The owner.</param>
public sealed record PodObservation(Snapshot Snapshot, PodSnapshot Pod)
{
    /// <summary>When the snapshot was taken.</summary>
    public DateTimeOffset TakenAt => Snapshot.TakenAt;
}
