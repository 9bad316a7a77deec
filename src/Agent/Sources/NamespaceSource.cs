using System.Collections.Immutable;
using Agent.Configuration;
using Agent.Core.Model;
using Agent.Kernel;
using Agent.Kernel.Namespaces;

namespace Agent.Sources;

/// <summary>Finds the network namespaces of the node.</summary>
internal sealed class NamespaceSource : IDisposable
{
    private readonly CollectionOptions _collection;
    private readonly TimeProvider _time;
    private readonly ProcessTable _processes;
    private Dictionary<ulong, NamespaceMemory> _memory = [];
    private NamespaceMemory? _capturedMemory;
    private readonly NumberedNamespaces _numbered = new();
    private int _leftOut;

    public NamespaceSource(CollectionOptions collection, CgroupClassification classify, TimeProvider time)
    {
        _collection = collection;
        _time = time;
        _processes = new ProcessTable(new ProcessTableOptions { ProcRoot = collection.ProcRoot }, classify);
    }

    /// <summary>False for a captured tree.</summary>
    public bool IsLive => _processes.IsLive;

    /// <summary>True when every process of the node can be seen: what is not seen then does not run.</summary>
    public bool SeesAllProcesses =>
        IsLive
        && _processes.Statistics is { HidePid: null, Denied: 0 }
        && _processes.Find(1) is not (null or { Command: "closewatch" or "pause" });

    /// <summary>Brings the process table up to date.</summary>
    /// <returns>The network namespaces, the host's first.</returns>
    public ImmutableArray<NamespaceTarget> Find(TimeSpan now, NamespaceVisitor? visitor, SourceReports sources)
    {
        var clock = new SourceClock(SourceNames.Namespaces, _time);
        _processes.Refresh(now);
        var targets = Targets(now, visitor);
        var numbers = CompareNumbers(now, visitor);
        sources.Add(Report(clock, targets, numbers));
        return targets;
    }

    public void Dispose() => _processes.Dispose();

    private ImmutableArray<NamespaceTarget> Targets(TimeSpan now, NamespaceVisitor? visitor)
    {
        var host = HostNamespace.Of(_processes);
        var memory = new Dictionary<ulong, NamespaceMemory>();
        var targets = ImmutableArray.CreateBuilder<NamespaceTarget>();
        if (host is null)
        {
            _capturedMemory ??= new NamespaceMemory(now, isNew: false);
            targets.Add(
                new NamespaceTarget(0, 0, null, $"{_collection.ProcRoot}/net", _capturedMemory) { CapturedRoot = _collection.ProcRoot });
        }
        else
        {
            targets.Add(Target(host));
        }

        if (_collection.PodNamespaces)
        {
            var (chosen, leftOut) = NamespaceChoice.Choose([.. _processes.Namespaces.Where(candidate => candidate != host)]);
            _leftOut = leftOut;
            var ids = CountById(_processes.Namespaces);
            var entered = chosen.Where(candidate => candidate.RepresentativePid > 0 || CanEnter(candidate, visitor, ids)).ToList();
            entered.Sort(static (one, other) => one.DisplayInode.CompareTo(other.DisplayInode));
            foreach (var candidate in entered)
            {
                targets.Add(Target(candidate));
            }
        }

        _memory = memory;
        return targets.ToImmutable();

        NamespaceTarget Target(NetworkNamespace network)
        {
            var kept = _memory.GetValueOrDefault(network.Instance) ?? new NamespaceMemory(now, isNew: _memory.Count > 0);
            memory[network.Instance] = kept;
            return new NamespaceTarget(network.DisplayInode, network.Instance, network, network.NetPath, kept)
            {
                CapturedRoot = IsLive ? null : network == host ? _collection.ProcRoot : Path.GetDirectoryName(network.NetPath),
            };
        }
    }

    private static Dictionary<ulong, int> CountById(IEnumerable<NetworkNamespace> networks)
    {
        var counts = new Dictionary<ulong, int>();
        foreach (var network in networks.Where(static network => network.Id != 0))
        {
            counts[network.Id] = counts.GetValueOrDefault(network.Id) + 1;
        }

        return counts;
    }

    /// <summary>
    /// A namespace that only has a name is worth nothing unless it can be entered. Nor does it count when its name, which could not
    /// be told to be one of theirs, leads to a namespace that has processes.
    /// </summary>
    private static bool CanEnter(NetworkNamespace candidate, NamespaceVisitor? visitor, Dictionary<ulong, int> namespacesById)
    {
        if (candidate.Id == 0)
        {
            _ = visitor?.TryEnter(candidate, out _);
            visitor?.Return();
            if (candidate.Id == 0)
            {
                return false;
            }

            namespacesById[candidate.Id] = namespacesById.GetValueOrDefault(candidate.Id) + 1;
        }

        return namespacesById[candidate.Id] == 1;
    }

    /// <returns>Why the numbers of namespaces are unknown.</returns>
    private SourceProblem CompareNumbers(TimeSpan now, NamespaceVisitor? visitor)
    {
        try
        {
            if (visitor is not null && _collection.PodNamespaces)
            {
                _numbered.Refresh(now, _processes.Namespaces, visitor);
            }

            return SourceProblem.None;
        }
        catch (KernelException refusal)
        {
            return new(refusal.Message, SourceNeeds.None);
        }
    }

    private SourceReport Report(SourceClock clock, ImmutableArray<NamespaceTarget> targets, SourceProblem numbers)
    {
        var statistics = _processes.Statistics;
        var problem = SourceProblem.None;
        if (statistics.HidePid is { } hidePid)
        {
            problem = problem.And(new(
                $"{_collection.ProcRoot} is mounted with hidepid={hidePid}: processes of others and their namespaces are not shown; "
                + "remount it without, or run as root in the group of its gid option",
                SourceNeeds.VisibleProcesses));
        }

        if (statistics.Denied > 0)
        {
            problem = problem.And(new(
                $"{statistics.Denied} processes may not be looked at (a security module or hidepid): their namespaces may be missing",
                SourceNeeds.Unconfined | SourceNeeds.VisibleProcesses));
        }

        if (IsLive && _processes.Find(1) is { Command: "closewatch" or "pause" })
        {
            problem = problem.And(new("only this pod's processes are visible: hostPID is missing", SourceNeeds.HostProcesses));
        }

        if (_leftOut > 0)
        {
            problem = problem.And(new(
                $"{_leftOut} network namespaces are not looked at: {NamespaceChoice.MaxPerOwner} of each pod or container are, "
                + $"the oldest, and {NamespaceChoice.MaxInAll} in all",
                SourceNeeds.None));
        }

        // What has no process is mostly nothing that serves: it is said, and makes nothing of the rest doubtful.
        var status = problem.Exists ? SourceStatus.Degraded : SourceStatus.Ok;
        problem = problem.And(HiddenNamespaces.Describe(targets, statistics.Mounts, statistics.Listing, _numbered.Kept)).And(numbers);
        return clock.Report("procfs", status, problem, targets.Length);
    }
}
