using Agent.Core.Model;
using Agent.Kernel;

namespace Agent.Sources;

/// <summary>Collects what went wrong in many namespaces and says it once.</summary>
internal sealed class NamespaceProblems
{
    private readonly HashSet<string> _socketProblems = [];
    private string _entryRefusal = "";
    private string _settingsRefusal = "";
    private string _netlinkRefusal = "";
    private int _notEntered;
    private int _notRead;
    private int _byNetlink;
    private int _byProcFs;
    private long _sockets;
    private int _withSettings;
    private bool _hostHasSettings;

    public void NoteEntry(int slot, bool entered, KernelException? refusal)
    {
        if (!entered && refusal is not null)
        {
            _notEntered++;
            _entryRefusal = refusal.Message;
        }
    }

    public void NoteSettings(int slot, string message) => _settingsRefusal = slot == 0 || _settingsRefusal.Length == 0 ? message : _settingsRefusal;

    public void CountSettings(int slot, bool read)
    {
        _withSettings += read ? 1 : 0;
        _hostHasSettings |= read && slot == 0;
    }

    public void NoteNetlink(string message) => _netlinkRefusal = message;

    public void NoteSockets(string message)
    {
        _notRead++;
        _socketProblems.Add(message);
    }

    public void CountSockets(bool byNetlink, long sockets)
    {
        _byNetlink += byNetlink ? 1 : 0;
        _byProcFs += byNetlink ? 0 : 1;
        _sockets += sockets;
    }

    public SourceReport Sockets(SourceClock clock, int deniedProcesses)
    {
        if (_byNetlink + _byProcFs == 0)
        {
            var why = _socketProblems.Count == 0 ? "no socket table could be read" : string.Join("; ", _socketProblems);
            return clock.Report("procfs", SourceStatus.Unavailable, why, 0);
        }

        var problems = new List<string>();
        if (_byProcFs > 0 && (_netlinkRefusal.Length > 0 || _notEntered > 0))
        {
            var reason = _netlinkRefusal.Length > 0 ? _netlinkRefusal : _entryRefusal;
            problems.Add($"{_byProcFs} of {_byProcFs + _byNetlink} namespaces by /proc/PID/net/tcp, which shows no ages, because: {reason}");
        }

        if (_notRead > 0)
        {
            problems.Add($"{_notRead} namespaces could not be read: {string.Join("; ", _socketProblems)}");
        }

        var status = problems.Count == 0 ? SourceStatus.Ok : SourceStatus.Degraded;
        if (deniedProcesses > 0)
        {
            // Names of processes are a help to a reader; nothing is judged by them.
            problems.Add($"{deniedProcesses} processes with half-closed sockets are not named: their descriptors are for their own users, CAP_SYS_PTRACE together with CAP_DAC_READ_SEARCH");
        }

        return clock.Report(_byNetlink > 0 ? "sock_diag" : "procfs", status, string.Join("; ", problems), _sockets);
    }

    public SourceReport Settings(SourceClock clock, string procRoot)
    {
        if (!_hostHasSettings)
        {
            var why = _settingsRefusal.Length > 0 ? _settingsRefusal
                : _notEntered > 0 && _entryRefusal.Length > 0 ? _entryRefusal
                : $"{procRoot}/sys/net/netfilter has no nf_conntrack settings: nf_conntrack is not loaded";
            return clock.Report("procfs", SourceStatus.Unavailable, why, _withSettings);
        }

        var refusal = _settingsRefusal.Length > 0 ? _settingsRefusal : _entryRefusal;
        return _notEntered > 0 || _settingsRefusal.Length > 0
            ? clock.Report("procfs", SourceStatus.Degraded, $"the timeouts of {_notEntered} other namespaces are unknown: {refusal}", _withSettings)
            : clock.Ok("procfs", _withSettings);
    }
}
