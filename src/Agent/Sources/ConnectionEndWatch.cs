using Agent.Configuration;
using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.Core.Snapshots;
using Agent.Kernel;
using Agent.Kernel.Ends;
using Agent.Kernel.SockDiag;

namespace Agent.Sources;

/// <summary>
/// Hears how connections end for as long as it lives, which is longer than a scanner: nothing is missed and nothing counted twice when the
/// configuration changes. Scans attach it to namespaces and take away what was counted.
/// </summary>
/// <remarks>All members but the thread's are for one thread at a time: the scan's.</remarks>
internal sealed class ConnectionEndWatch : IDisposable
{
    /// <summary>
    /// With "auto", sockets are opened in no more namespaces than this: each end of the machine is offered to all of them.
    /// </summary>
    public const int MaxNamespaceSockets = 250;

    /// <summary>Of Collection:CpuBudgetPercent. A third is the dumps' in any case.</summary>
    public const double ShareOfBudget = 0.5;

    private static readonly TimeSpan s_receiveTimeout = TimeSpan.FromSeconds(2);

    private readonly TimeProvider _time;
    private readonly IEndObserver? _observer;
    private ConnectionEndBook _book;
    private CollectionOptions _options;
    private ConnectionEndListener? _listener;
    private ConnectionEndLookups? _lookups;
    private ConnectionEndThread? _thread;
    private SourceProblem _refusal;
    private long _missedBefore;
    private TimeSpan _kernelTimeBefore;
    private bool _isFinishing;

    /// <summary>Creates the object; the first scan begins to listen.</summary>
    /// <param name="options">What to listen to.</param>
    /// <param name="time">The clock.</param>
    /// <param name="observer">Sees each end once it is judged, on the reading thread or the scan's; null for nobody.</param>
    public ConnectionEndWatch(CollectionOptions options, TimeProvider time, IEndObserver? observer = null)
    {
        _options = options;
        _time = time;
        _observer = observer;
        _book = new(time, options.CpuBudgetPercent * ShareOfBudget, observer);
    }

    /// <summary>What the kernel has spent on messages, as far as that is known: no process is charged for it.</summary>
    public TimeSpan KernelTime => _kernelTimeBefore + _book.KernelTime;

    /// <summary>
    /// Does from now on what these options ask for. What was counted stays, unless it is switched off, or other processes are looked at.
    /// </summary>
    public void Apply(CollectionOptions options)
    {
        if (options.ConnectionEnds == ConnectionEndsChoice.Off || options.ProcRoot != _options.ProcRoot)
        {
            if (_listener is not null)
            {
                Close();
            }
        }

        _options = options;
        _book.SetPercent(options.CpuBudgetPercent * ShareOfBudget);
    }

    /// <summary>Begins to listen in a namespace, and says whose it is. The calling thread is in it where that is allowed.</summary>
    public void Attach(NodeScan scan, NamespaceScan network)
    {
        if (!network.IsEntered || (network.IsHost && !TryOpen()) || _listener is null)
        {
            return;
        }

        if (network.IsHost && _isFinishing)
        {
            // Before the counters of resets are read, which say whose they were.
            using var lookups = OpenLookups();
            lookups?.RunAll(_book);
        }

        try
        {
            if (NumberOf(network, _listener) is { } number)
            {
                network.Ends = _book.Attach(number, scan.Layout.Owners[network.OwnerIndex].Identity, network.Target.Live);
            }
        }
        catch (KernelException exception)
        {
            _refusal = SourceProblem.Of(exception);
        }
    }

    /// <summary>Says what was found in a namespace.</summary>
    public void Describe(NodeScan scan, NamespaceScan network)
    {
        if (network.Ends is { } ends)
        {
            _book.Describe(ends, network, scan.Layout.Owners);
        }
    }

    /// <summary>What was counted up to now; reports how well.</summary>
    /// <returns>Null when nothing could be listened to.</returns>
    public EndsSample? Complete(NodeScan scan, SourceReports sources)
    {
        var clock = new SourceClock(SourceNames.ConnectionEnds, _time);
        if (_options.ConnectionEnds == ConnectionEndsChoice.Off)
        {
            sources.Add(clock.Off("Collection:ConnectionEnds", SourceNeeds.ConnectionEndsSwitchedOn));
            return null;
        }

        if (_listener is not { } listener)
        {
            var why = _refusal.Exists ? _refusal : new("the host's network namespace could not be entered", SourceNeeds.EnterNamespaces);
            var problem = new SourceProblem($"{why.Text}: how connections end is unknown", why.Needs);
            sources.Add(clock.Report(HearingFacts.Backend, SourceStatus.Unavailable, problem, 0));
            return null;
        }

        if (scan.Layout.Namespaces.Any(static network => network is { SocketsAge.Ticks: > 0, Ends.TimeWaits: not null }))
        {
            // No dump tells soon enough what became of these.
            AskForSingleSockets();
        }

        var (byOwner, gone, share, watched) = _book.Sum(scan.Layout, listener.IsLive);
        var heard = listener.ReadStatistics();
        sources.Add(
            _thread!.Failure is { } failure
                ? clock.Report(HearingFacts.Backend, SourceStatus.Failed, SourceProblem.Of(failure), heard.Ends)
                : Facts(scan, listener, heard, share).ToReport(clock));
        _missedBefore = heard.Missed;
        _refusal = SourceProblem.None;
        return new(byOwner, gone, new(heard.Ends, heard.Missed, share, watched));
    }

    /// <summary>What finds out between scans who closed first. Made in the namespace that this program runs in.</summary>
    public ConnectionEndProbe CreateProbe() => new(_options.ProcRoot, () => _book);

    /// <summary>
    /// Hears nothing from now on, and asks at once what would be asked later: the next scan judges all that was heard, and is the last.
    /// </summary>
    public void Finish()
    {
        _thread?.Finish();
        AskForSingleSockets();
        _book.Finish();
        _isFinishing = true;
    }

    public void Dispose() => Close();

    private void AskForSingleSockets()
    {
        using var probe = CreateProbe();
        probe.Run();
    }

    private void Close()
    {
        _thread?.Dispose();
        _listener?.Dispose();
        _lookups?.Dispose();
        (_thread, _listener, _lookups) = (null, null, null);
        _kernelTimeBefore += _book.KernelTime;
        _book = new(_time, _options.CpuBudgetPercent * ShareOfBudget, _observer);
        _missedBefore = 0;
    }

    private bool TryOpen()
    {
        if (_listener is not null || _options.ConnectionEnds == ConnectionEndsChoice.Off)
        {
            return _listener is not null;
        }

        try
        {
            _listener = ConnectionEndListener.Open(_options.ProcRoot);
        }
        catch (KernelException exception)
        {
            _refusal = exception.IsNotSupported || exception.Errno is ErrnoText.ENOENT or ErrnoText.EINVAL
                ? new(exception.Message, SourceNeeds.SocketDiagModules)
                : SourceProblem.Of(exception);
            return false;
        }

        _lookups = OpenLookups();
        _book.CanLookUp = _lookups is not null;
        _thread = new(_listener, _book, _lookups);
        return true;
    }

    private ConnectionEndLookups? OpenLookups()
    {
        if (_options.Conntrack is BackendChoice.Off or BackendChoice.ProcFs)
        {
            return null;
        }

        ConnectionEndLookups? lookups = null;
        try
        {
            lookups = new(s_receiveTimeout);
            lookups.Probe();
            return lookups;
        }
        catch (KernelException)
        {
            // The conntrack source says why.
            lookups?.Dispose();
            return null;
        }
    }

    /// <summary>The number by which the listener tells of a namespace's ends; null where it does not listen there.</summary>
    private int? NumberOf(NamespaceScan network, ConnectionEndListener listener)
    {
        if (network.IsHost)
        {
            return ConnectionEnd.HostNamespace;
        }

        var live = network.Target.Live!;
        if (!listener.HearsAllNamespaces)
        {
            // A socket keeps its namespace alive: only where it can be told when the last process is gone.
            var isNew = listener.NamespaceSocketCount < MaxNamespaceSockets || _options.ConnectionEnds == ConnectionEndsChoice.On;
            if (live.Processes.Count == 0 || (!isNew && !listener.IsAttached(live.Id)))
            {
                return null;
            }
        }

        return listener.Attach(live.Id, [.. live.Processes.Take(ConnectionEndListener.MaxProcesses).Select(static process => process.Pid)]);
    }

    private HearingFacts Facts(NodeScan scan, ConnectionEndListener listener, ConnectionEndStatistics heard, double share)
    {
        var namespaces = scan.Layout.Namespaces;
        return new()
        {
            OneSocketRefusal = SourceProblem.Of(listener.AllNamespacesRefusal),
            Heard = namespaces.Count(static network => network.Ends is not null),
            Deaf = namespaces.Count(static network => network is { Ends: null, Target.Live.RepresentativePid: > 0 }
                && (network.IsEntered || network.IsRefused)),
            DeafReason = _refusal.Exists ? _refusal
                : namespaces.Any(static network => network.IsRefused) ? new("they could not be entered", SourceNeeds.EnterNamespaces)
                : SourceProblem.None,
            Missed = heard.Missed - _missedBefore,
            WatchedShare = share,
            BudgetPercent = _options.CpuBudgetPercent,
            Ends = heard.Ends,
        };
    }
}
