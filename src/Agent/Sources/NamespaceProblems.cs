using Agent.Core.Model;
using Agent.Core.Tallies;
using Agent.Kernel;

namespace Agent.Sources;

/// <summary>Collects what went wrong in many namespaces and says it once.</summary>
internal sealed class NamespaceProblems
{
    private readonly HashSet<SourceProblem> _socketProblems = [];
    private SourceProblem _entryRefusal;
    private SourceProblem _settingsRefusal;
    private SourceProblem _netlinkRefusal;
    private int _notEntered;
    private int _notRead;
    private int _byNetlink;
    private int _byProcFs;
    private long _sockets;
    private int _withSettings;
    private int _notCaptured;
    private bool _hostHasSettings;
    private long _cutListeners;
    private int _inTurns;
    private TimeSpan _oldest;

    public void NoteEntry(KernelException? refusal)
    {
        if (refusal is not null)
        {
            _notEntered++;
            _entryRefusal = SourceProblem.Of(refusal);
        }
    }

    public void NoteSettings(NamespaceScan network, KernelException refusal) =>
        _settingsRefusal = network.IsHost || !_settingsRefusal.Exists ? SourceProblem.Of(refusal) : _settingsRefusal;

    public void CountSettings(NamespaceScan network)
    {
        var read = network.Memory.Settings is not null;
        _withSettings += read ? 1 : 0;
        _hostHasSettings |= read && network.IsHost;
        _notCaptured += read || network.Target.CapturedRoot is null ? 0 : 1;
    }

    public void NoteNetlink(KernelException refusal) => _netlinkRefusal = refusal.Errno == ErrnoText.ENOENT || refusal.IsNotSupported
        ? new($"{refusal.Message}: the module tcp_diag, or inet_diag, is not loaded", SourceNeeds.SocketDiagModules)
        : SourceProblem.Of(refusal);

    public void NoteSockets(KernelException refusal)
    {
        _notRead++;
        _socketProblems.Add(SourceProblem.Of(refusal));
    }

    public void CountSockets(bool byNetlink, long sockets)
    {
        _byNetlink += byNetlink ? 1 : 0;
        _byProcFs += byNetlink ? 0 : 1;
        _sockets += sockets;
    }

    public void NoteAge(TimeSpan? socketsAge)
    {
        _inTurns += socketsAge > TimeSpan.Zero ? 1 : 0;
        _oldest = socketsAge > _oldest ? socketsAge.Value : _oldest;
    }

    public void CountCutListeners(int cut) => _cutListeners += cut;

    /// <summary>Reports on the sockets.</summary>
    /// <param name="clock">Since the first namespace.</param>
    /// <param name="deniedProcesses">Processes whose descriptors may not be looked at.</param>
    /// <param name="countedOnly">Half-closed sockets that are counted and not kept in full.</param>
    public SourceReport Sockets(SourceClock clock, int deniedProcesses, long countedOnly)
    {
        if (_byNetlink + _byProcFs == 0)
        {
            var reasons = _socketProblems.Count == 0 ? new("no socket table could be read", _entryRefusal.Needs) : AllSocketProblems();
            return clock.Report("procfs", SourceStatus.Unavailable, reasons, 0);
        }

        var problem = SourceProblem.None;
        if (_byProcFs > 0 && (_netlinkRefusal.Exists || _notEntered > 0))
        {
            var reason = _netlinkRefusal.Exists ? _netlinkRefusal : _entryRefusal;
            var all = _byProcFs + _byNetlink;
            problem = new(
                $"{_byProcFs} of {all} namespaces by /proc/PID/net/tcp, which shows no ages, because: {reason.Text}", reason.Needs);
        }

        if (_notRead > 0)
        {
            var why = AllSocketProblems();
            problem = problem.And(new($"{_notRead} namespaces could not be read: {why.Text}", why.Needs));
        }

        var status = problem.Exists ? SourceStatus.Degraded : SourceStatus.Ok;
        if (deniedProcesses > 0)
        {
            // Names of processes are a help to a reader; nothing is judged by them.
            problem = problem.And(new(
                $"{deniedProcesses} processes with half-closed sockets are not named: their descriptors are for their own users, "
                + "CAP_SYS_PTRACE together with CAP_DAC_READ_SEARCH",
                SourceNeeds.None));
        }

        if (countedOnly > 0)
        {
            problem = problem.And(new(
                $"{countedOnly} more half-closed sockets are counted and not shown: the oldest of each owner are, "
                + $"{HalfClosedTable.DefaultCapacity} in all",
                SourceNeeds.None));
        }

        if (_cutListeners > 0)
        {
            problem = problem.And(new(
                $"{_cutListeners} more listening ports are not shown: those with queues and connections are, "
                + $"{NodeScan.MaxListenersPerNamespace} a namespace",
                SourceNeeds.None));
        }

        if (_inTurns > 0)
        {
            problem = problem.And(new(
                $"namespaces are read in turns to stay within Collection:CpuBudgetPercent: {_inTurns} show what they had up to "
                + $"{_oldest.TotalSeconds:0} s ago",
                SourceNeeds.None));
        }

        return clock.Report(_byNetlink > 0 ? "sock_diag" : "procfs", status, problem, _sockets);
    }

    public SourceReport Settings(SourceClock clock, string procRoot)
    {
        if (!_hostHasSettings)
        {
            var why = _settingsRefusal.Exists ? _settingsRefusal
                : _notEntered > 0 && _entryRefusal.Exists ? _entryRefusal
                : new(
                    $"{procRoot}/sys/net/netfilter has no nf_conntrack settings: nf_conntrack is not loaded",
                    SourceNeeds.ConntrackModule);
            return clock.Report("procfs", SourceStatus.Unavailable, why, _withSettings);
        }

        var refusal = _settingsRefusal.Exists ? _settingsRefusal
            : _notCaptured > 0 ? new("the captured tree does not hold them", SourceNeeds.None)
            : _entryRefusal;
        var unknown = _notEntered + _notCaptured;
        return unknown > 0 || _settingsRefusal.Exists
            ? clock.Read(
                "procfs", new($"the timeouts of {unknown} other namespaces are unknown: {refusal.Text}", refusal.Needs), _withSettings)
            : clock.Ok("procfs", _withSettings);
    }

    private SourceProblem AllSocketProblems() => _socketProblems.Aggregate(SourceProblem.None, static (all, one) => all.And(one));
}
