using System.Collections.Immutable;
using Agent.Core.Model;
using Agent.Core.Remediation;
using Agent.Kernel;
using Agent.Kernel.Namespaces;
using Agent.Kernel.ProcFs;

namespace Agent.Remediation;

/// <summary>The only class that writes settings. Not thread-safe.</summary>
internal sealed class SysctlWriter : IDisposable
{
    /// <summary>
    /// Where overlays/remediate mounts the node's /proc/sys: a container's own is read-only, and nothing can be mounted inside /proc.
    /// </summary>
    public const string MountedProcRoot = "/host/proc";

    private readonly ProcessTable _processes;
    private readonly NamespaceThread _thread;
    private readonly string _procRoot;
    private readonly TimeProvider _time;

    /// <param name="processes">The node's processes; refreshed here.</param>
    /// <param name="procRoot">A live /proc that shows them.</param>
    /// <param name="sysctlRoot">The directory whose <c>sys</c> is written.</param>
    /// <param name="time">Clock.</param>
    public SysctlWriter(ProcessTable processes, string procRoot, string sysctlRoot, TimeProvider time)
    {
        _processes = processes;
        _thread = new NamespaceThread(procRoot);
        _procRoot = sysctlRoot;
        _time = time;
    }

    /// <summary>The root to write below: the mounted one where there is one.</summary>
    public static string SysctlRoot(string procRoot)
    {
        try
        {
            return ProcMount.IsLive($"{MountedProcRoot}/sys") ? MountedProcRoot : procRoot;
        }
        catch (KernelException)
        {
            return procRoot;
        }
    }

    /// <summary>Reads each value, and writes those that are as they were planned with. Never throws for what the kernel refuses.</summary>
    public ImmutableArray<WriteOutcome> Apply(IReadOnlyCollection<WriteRequest> requests)
    {
        var outcomes = ImmutableArray.CreateBuilder<WriteOutcome>(requests.Count);
        try
        {
            _processes.Refresh(_time.GetElapsedTime(0));
            _thread.Run(visitor =>
            {
                foreach (var inNamespace in requests.GroupBy(static request => request.Target))
                {
                    Apply(visitor, inNamespace.Key, inNamespace, outcomes);
                }
            });
        }
        catch (KernelException exception)
        {
            outcomes.AddRange(
                requests.Skip(outcomes.Count).Select(request => new WriteOutcome(request, Classify(exception), null, exception.Message)));
        }

        return outcomes.ToImmutable();
    }

    public void Dispose() => _thread.Dispose();

    private void Apply(
        NamespaceVisitor visitor, SysctlTarget target, IEnumerable<WriteRequest> requests, ImmutableArray<WriteOutcome>.Builder outcomes)
    {
        if (Find(target) is not { } found)
        {
            outcomes.AddRange(
                requests.Select(static request => new WriteOutcome(request, WriteResult.Vanished, null, "the namespace is gone")));
            return;
        }

        if (!visitor.TryEnter(found, out var refusal))
        {
            var (result, detail) = refusal is null
                ? (WriteResult.Vanished, "the namespace is gone")
                : (WriteResult.Denied, refusal.Message);
            outcomes.AddRange(requests.Select(request => new WriteOutcome(request, result, null, detail)));
            return;
        }

        outcomes.AddRange(requests.Select(Apply));
    }

    /// <summary>Inode numbers are given again, so a pod's namespace must also still have a process of that pod.</summary>
    private NetworkNamespace? Find(SysctlTarget target) => _processes.Namespaces.FirstOrDefault(candidate =>
        target.NamespaceInode != 0
        && (candidate.Inode == target.NamespaceInode || candidate.Id == target.NamespaceInode)
        && (target.Identity.Kind != PodKind.Pod || candidate.Owners.Any(owner => owner.PodUid == target.Identity.Uid)));

    private WriteOutcome Apply(WriteRequest request)
    {
        if (SysctlCatalog.Find(request.Sysctl) is not { } sysctl)
        {
            return new(request, WriteResult.Invalid, null, "it is not a setting that this program writes");
        }

        long? before = null;
        try
        {
            before = Sysctl.ReadNetfilter(_procRoot, sysctl.Name);
            if (before is not { } actual)
            {
                return new(request, WriteResult.Missing, null, "this kernel does not have it, or nf_conntrack is not loaded");
            }

            if (actual == request.To || (request.To > request.From && actual > request.To))
            {
                return new(request, WriteResult.AlreadyThere, actual);
            }

            if (actual != request.From)
            {
                return new(request, WriteResult.Changed, actual, $"it is {actual} now, not {request.From}");
            }

            return request.MayWrite ? Write(request, sysctl.Name, actual) : new(request, WriteResult.Held, actual);
        }
        catch (KernelException exception)
        {
            return new(request, Classify(exception), before, exception.Message);
        }
    }

    private WriteOutcome Write(WriteRequest request, string name, long before)
    {
        Sysctl.WriteNetfilter(_procRoot, name, request.To);
        var after = Sysctl.ReadNetfilter(_procRoot, name);
        return after == request.To
            ? new(request, WriteResult.Written, before)
            : new(
                request,
                WriteResult.Failed,
                before,
                $"it was written but reads {after} afterwards: another writer, or the kernel, replaced it at once");
    }

    private static WriteResult Classify(KernelException exception) => exception.Errno switch
    {
        ErrnoText.EROFS => WriteResult.ReadOnly,
        ErrnoText.EACCES or ErrnoText.EPERM => WriteResult.Denied,
        ErrnoText.EINVAL => WriteResult.Invalid,
        ErrnoText.ENOENT => WriteResult.Missing,
        _ => WriteResult.Failed,
    };
}
