using Agent.Core.Model;
using Agent.Core.Remediation;

namespace Agent.Remediation;

internal sealed partial class Remediator
{
    private string _stateProblem = "";

    /// <summary>Drops what is known of pods that are gone, where the scan saw all namespaces.</summary>
    private void Forget(RemediationState state, Snapshot snapshot)
    {
        if (snapshot.Source(SourceNames.Namespaces)?.Status != SourceStatus.Ok)
        {
            return;
        }

        var alive = snapshot.Pods.Select(static pod => (pod.Identity.Uid, pod.NamespaceInode)).ToHashSet();
        foreach (var key in state.Values.Keys.Where(key => !IsThere(key)).ToArray())
        {
            state.Remove(key);
        }

        _pacing.KeepOnly(IsThere);

        bool IsThere(SysctlKey key) => key.Scope == SysctlTarget.HostScope || alive.Contains((key.Uid, key.NamespaceInode));
    }

    /// <summary>
    /// A pod whose sandbox was made again may get the same inode number: a namespace younger than our write was never ours.
    /// </summary>
    private void RemoveOlderNamespaces(RemediationState state, IEnumerable<WriteRequest> requests, Snapshot snapshot)
    {
        foreach (var request in requests)
        {
            if (state.Values.TryGetValue(request.Key, out var written)
                && snapshot.Pods.FirstOrDefault(pod => pod.Identity == request.Target.Identity)?.Running is { } running
                && request.Target.Identity.Kind == PodKind.Pod
                && running < time.GetUtcNow() - written.WrittenAt)
            {
                state.Remove(request.Key);
            }
        }
    }

    private void Load(RemediationState state, string bootId) => TellProblem(state.Load(bootId));

    private void Save(RemediationState state)
    {
        if (state.IsDirty)
        {
            var problem = state.Save();
            TellProblem(problem);
            _stateProblem = problem ?? "";
        }
    }

    private void TellProblem(string? problem)
    {
        if (problem is not null && problem != _stateProblem)
        {
            LogStateProblem(problem);
            _stateProblem = problem;
        }
    }
}
