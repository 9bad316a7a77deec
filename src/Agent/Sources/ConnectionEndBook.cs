using System.Collections.Immutable;
using Agent.Core.Attribution;
using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.Core.Tallies;
using Agent.Kernel.Namespaces;
using Agent.Kernel.Net;
using Agent.Kernel.SockDiag;

namespace Agent.Sources;

/// <summary>
/// Where what is heard meets what scans know: the reading thread adds ends by the number of their namespace, scans say whose namespace that
/// is. Everything under one lock, each time for a moment.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="percent">Percent of one core that listening may take.</param>
/// <param name="observer">Sees each end once it is judged, under the lock; null for nobody.</param>
internal sealed partial class ConnectionEndBook(TimeProvider time, double percent, IEndObserver? observer)
{
    /// <summary>
    /// Namespaces that are told apart; ends in more of them belong to nobody. They come and go between scans, with no other bound.
    /// </summary>
    public const int MaxNamespaces = 4096;

    /// <summary>How long an owner that is gone is still counted for: its last ends may take a minute to be judged.</summary>
    public static readonly TimeSpan GoneFor = TimeSpan.FromSeconds(75);

    private static readonly PodIdentity s_nobody = new(PodKind.NetworkNamespace, "", "netns:unknown", "");

    private readonly Lock _gate = new();
    private readonly EndsTally _tally = new(observer);
    private readonly WatchBudget _budget = new(time.GetElapsedTime(0, time.GetTimestamp()), percent);
    private readonly Dictionary<int, WatchedNamespace> _namespaces = [];
    private readonly Dictionary<PodIdentity, OwnerMemory> _owners = [];

    private bool _isFinished;
    private TimeSpan _kernelTime;

    /// <summary>Ends that cannot be told whose they were.</summary>
    public long Unattributed { get; private set; }

    /// <summary>Whether the conntrack table is asked.</summary>
    public bool CanLookUp { get; set; }

    public EndClock Now => new(time.GetElapsedTime(0, time.GetTimestamp()), time.GetUtcNow());

    /// <summary>
    /// Adds an end that has been read. On the reading thread. The time is taken here and under the lock: at an earlier one its connection
    /// may have lived, and a dump that begins later finds the end here when it tells of its TIME_WAIT.
    /// </summary>
    public void OnEnd(in ConnectionEnd end)
    {
        lock (_gate)
        {
            if (Find(end.NamespaceId) is { } network)
            {
                _tally.Add(end, network.Network, Now);
            }
            else
            {
                Unattributed++;
            }
        }
    }

    /// <summary>Accounts for what listening has cost since the last call.</summary>
    /// <param name="now">The time.</param>
    /// <param name="processorTime">Of the reading thread.</param>
    /// <param name="kernelTime">Of the kernel, for the messages.</param>
    /// <returns>Whether to listen from now on.</returns>
    public bool Account(EndClock now, TimeSpan processorTime, TimeSpan kernelTime)
    {
        lock (_gate)
        {
            _kernelTime += kernelTime;
            return _budget.Update(now.Monotonic, processorTime + kernelTime);
        }
    }

    /// <summary>What the kernel has spent on messages in all.</summary>
    public TimeSpan KernelTime
    {
        get
        {
            lock (_gate)
            {
                return _kernelTime;
            }
        }
    }

    public void SetPercent(double value)
    {
        lock (_gate)
        {
            _budget.SetPercent(value);
        }
    }

    /// <summary>The next questions for the conntrack table.</summary>
    public int TakeLookups(Span<EndLookup> lookups)
    {
        lock (_gate)
        {
            return _tally.TakeLookups(Now, lookups);
        }
    }

    /// <summary>The next questions, whether it is time for them or not.</summary>
    public int TakeLastLookups(Span<EndLookup> lookups)
    {
        lock (_gate)
        {
            return _tally.TakeLookups(Now, lookups, earliest: TimeSpan.Zero);
        }
    }

    public void OnLookup(in EndLookup lookup, in EntryMatch entry, EndClock now)
    {
        lock (_gate)
        {
            _tally.OnLookup(lookup.Id, entry, now);
        }
    }

    /// <summary>Settles what can be settled by now.</summary>
    public void Settle()
    {
        lock (_gate)
        {
            if (_tally.Undecided > 0)
            {
                _tally.Settle(Now, CanLookUp);
            }
        }
    }

    /// <summary>Nothing is heard any more: the next sum settles what is left as well as it can be settled.</summary>
    public void Finish()
    {
        lock (_gate)
        {
            _budget.Advance(Now.Monotonic);
            _isFinished = true;
        }
    }

    /// <summary>Sockets whose state would tell who closed first.</summary>
    public int Ask(Span<EndQuestion> questions)
    {
        lock (_gate)
        {
            return _tally.Ask(questions);
        }
    }

    public void OnSocket(in EndQuestion question, bool isInTimeWait)
    {
        lock (_gate)
        {
            _tally.OnSocket(question.Id, isInTimeWait, Now);
        }
    }

    /// <summary>Where to look for sockets of a namespace; null when no scan has found it.</summary>
    public NetworkNamespace? TargetOf(int namespaceId)
    {
        lock (_gate)
        {
            return _namespaces.GetValueOrDefault(namespaceId)?.Target;
        }
    }

    public void OnTimeWait(WatchedNamespace network, in ConnectionTuple tuple)
    {
        lock (_gate)
        {
            _tally.OnTimeWait(network.Network, tuple, Now);
        }
    }

    public void NoteDump(WatchedNamespace network, TimeSpan beganAt)
    {
        lock (_gate)
        {
            network.Network.DumpedAt = beganAt;
        }
    }

    /// <summary>Says whose a namespace is. What was heard of it before counts for that owner.</summary>
    /// <param name="namespaceId">Its number.</param>
    /// <param name="owner">The owner of what belongs to nobody else there.</param>
    /// <param name="target">How to reach it.</param>
    /// <returns>Null when there are too many namespaces.</returns>
    public WatchedNamespace? Attach(int namespaceId, PodIdentity owner, NetworkNamespace? target)
    {
        lock (_gate)
        {
            if (Find(namespaceId) is not { } network)
            {
                return null;
            }

            network.Target = target;
            if (!network.IsOwned)
            {
                _tally.Adopt(network.Network, owner);
                network.IsOwned = true;
            }
            else if (network.Network.Owner.Identity != owner)
            {
                network.Network.Owner = _tally.PodOf(owner);
            }

            return network;
        }
    }

    /// <summary>Says what a scan found in a namespace.</summary>
    /// <param name="network">The namespace.</param>
    /// <param name="scanned">What was found.</param>
    /// <param name="owners">By owner index.</param>
    public void Describe(WatchedNamespace network, NamespaceScan scanned, ImmutableArray<Owner> owners)
    {
        lock (_gate)
        {
            foreach (var (owner, listener) in scanned.Sample!.Listeners)
            {
                network.Network.AddListener(listener.Port, _tally.PodOf(owners[owner].Identity));
            }

            if (!scanned.IsHost)
            {
                _tally.NoteAddresses(network.Network, scanned.Memory.Addresses.AsSpan());
            }

            if (scanned.SocketsAge == TimeSpan.Zero)
            {
                _tally.OnListeners(network.Network, Now);
            }

            if (scanned.Sample.Counters?.ResetsSent is { } resets)
            {
                network.Network.Resets.Read(Now.Monotonic, (long)resets);
            }
        }
    }

    private WatchedNamespace? Find(int namespaceId)
    {
        if (_namespaces.TryGetValue(namespaceId, out var known))
        {
            return known;
        }

        if (namespaceId == ConnectionEnd.UnknownNamespace || _namespaces.Count >= MaxNamespaces)
        {
            return null;
        }

        var found = new WatchedNamespace(this, new(namespaceId, new(s_nobody)), _budget.Watched);
        _namespaces.Add(namespaceId, found);
        return found;
    }
}
