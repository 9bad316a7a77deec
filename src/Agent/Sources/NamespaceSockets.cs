using System.Collections.Immutable;
using Agent.Configuration;
using Agent.Core.Model;
using Agent.Core.Snapshots;
using Agent.Core.Tallies;
using Agent.Kernel;
using Agent.Kernel.Ends;
using Agent.Kernel.Netlink;
using Agent.Kernel.ProcFs;

namespace Agent.Sources;

/// <summary>
/// The sockets of network namespaces, one after the other: counts them, keeps the half-closed ones, names who holds those, and asks the
/// namespace's own conntrack table for their entries.
/// </summary>
internal sealed class NamespaceSockets : IDisposable
{
    private readonly CollectionOptions _collection;
    private readonly ConntrackSource _conntrack;
    private readonly SocketHolders _holders;
    private readonly TimeProvider _time;
    private readonly NetlinkBuffer _buffer = new();
    private readonly NetDirectory _tables = new();
    private readonly SocketReader _reader;
    private readonly SocketTally _tally = new();
    private readonly SocketTurns _turns = new();

    public NamespaceSockets(CollectionOptions collection, ConntrackSource conntrack, SocketHolders holders, TimeProvider time)
    {
        _collection = collection;
        _conntrack = conntrack;
        _holders = holders;
        _time = time;
        _reader = new SocketReader(_buffer);
    }

    /// <summary>Processes of this scan whose descriptors may not be looked at.</summary>
    public int Denied => _holders.Denied;

    /// <summary>Starts a scan.</summary>
    public void Begin(NodeScan scan)
    {
        _holders.Begin(scan.Layout.Owners);
        _turns.Begin(scan.Layout.Namespaces.Select(static network => network.Memory.Sockets), scan.Now, scan.SocketBudgetPercent);
    }

    /// <summary>Reads the sockets of a namespace.</summary>
    /// <param name="scan">Receives the half-closed ones.</param>
    /// <param name="network">Entered, or readable from outside; receives where its half-closed sockets are.</param>
    /// <param name="problems">Receives what went wrong.</param>
    /// <returns>False when they could not be read.</returns>
    public bool TryRead(NodeScan scan, NamespaceScan network, NamespaceProblems problems)
    {
        if (_collection.Sockets == BackendChoice.Off || network.NetPath is null)
        {
            return false;
        }

        _tally.TimeWaits = network.Ends?.TimeWaits;
        _tally.Begin(
            network.Tracking,
            network.OwnerIndex,
            scan.Layout.Owners.Length,
            network.IsHost && _holders.CgroupsTellPods ? _holders.OwnerIndexOf : null,
            network.Memory.AddressSet,
            scan.HalfClosed,
            network.Memory.Idle);
        // Not the scan's beginning: that may be a second earlier at the first scan of a process, and idle times are told by the difference.
        var now = _time.GetElapsedTime(0, _time.GetTimestamp());
        if (!TryRecall(scan, network, now, problems) && !TryDump(scan, network, now, problems))
        {
            _tally.Restart();
            return false;
        }

        scan.NoteListeners(_tally.Ports.Length);
        scan.HalfClosed.Seal();
        network.Established = [.. _tally.EstablishedSample];
        if (network.Target.Live is { } live && !scan.HalfClosedOf(network).IsEmpty)
        {
            _holders.Complete(scan.HalfClosedOf(network), live);
        }

        return true;
    }

    /// <summary>
    /// Asks the own table of the namespace that was read last for its half-closed sockets: look-ups, never a dump, which would walk the
    /// table of the whole machine. A namespace tracks nothing unless some rule in it needs that, so most are not asked at all.
    /// </summary>
    public void CompleteByOwnTable(NodeScan scan, NamespaceScan network)
    {
        if (network.TableEntries > 0)
        {
            network.Tracking.InOwnTable = true;
        }

        if (network.IsEntered && !scan.HalfClosedOf(network).IsEmpty)
        {
            using var netlink = _conntrack.OpenNetlink(out _);
            if (netlink is not null)
            {
                ConntrackLookup.CompleteOwn(netlink, scan, network, tuple => _tally.StaysInNamespace(tuple));
            }
        }

        if (network.TableEntries == 0)
        {
            network.Tracking.IsUntranslated = true;
            foreach (ref var socket in scan.HalfClosedOf(network))
            {
                socket.SetUntranslated();
            }
        }
    }

    /// <summary>Sockets by owner index of the namespace that was read last.</summary>
    public ImmutableDictionary<int, TcpStateCounts> ByOwner(NodeLayout layout, NamespaceScan network)
    {
        var owners = ImmutableDictionary.CreateBuilder<int, TcpStateCounts>();
        owners[network.OwnerIndex] = _tally.StatesOf(network.OwnerIndex);
        for (var owner = 0; network.IsHost && _holders.CgroupsTellPods && owner < layout.Owners.Length; owner++)
        {
            if (layout.Owners[owner].SharesHost)
            {
                owners[owner] = _tally.StatesOf(owner);
            }
        }

        return owners.ToImmutable();
    }

    /// <summary>The listening ports of the namespace that was read last.</summary>
    public ImmutableArray<OwnedListener> Listeners(NamespaceScan network) => ListenerBuilder.Build(_tally.Ports, network.Memory.Idle);

    public void Dispose()
    {
        _holders.Dispose();
        _buffer.Dispose();
    }

    /// <summary>Shows the last dump again where a new one would show the same, or has to wait for its turn.</summary>
    private bool TryRecall(NodeScan scan, NamespaceScan network, TimeSpan now, NamespaceProblems problems)
    {
        var memory = network.Memory.Sockets;
        network.Activity = ReadActivity(network);
        if (network.IsHost || memory.DumpedAt is not { } dumpedAt)
        {
            return false;
        }

        // Who waits for a dump to tell how a connection ended is not to wait for the next segment.
        var isUnchanged = memory.IsUnchanged(network.Activity) && _tally.TimeWaits is null;
        if (!isUnchanged && !_turns.MustWait(memory))
        {
            return false;
        }

        if (!TryRecallAll(scan, network, isUnchanged ? now - dumpedAt : null))
        {
            _tally.Restart();
            return false;
        }

        if (isUnchanged)
        {
            memory.NoteRest();
            network.Memory.Idle.Advance(now, _tally.Ports);
        }
        else
        {
            network.Memory.Idle.NoteListeners(now, _tally.Ports);
        }

        network.SocketsAge = isUnchanged ? TimeSpan.Zero : now - dumpedAt;
        problems.NoteAge(network.SocketsAge);
        problems.CountSockets(network.IsEntered && _collection.Sockets != BackendChoice.ProcFs, _tally.Total);
        return true;
    }

    private SocketActivity? ReadActivity(NamespaceScan network)
    {
        try
        {
            return network.Target.Live is null ? null : _tables.ReadActivity(network.NetPath!);
        }
        catch (KernelException)
        {
            return null;
        }
    }

    private bool TryRecallAll(NodeScan scan, NamespaceScan network, TimeSpan? unchangedFor)
    {
        var memory = network.Memory.Sockets;
        _tally.Recall(memory, unchangedFor);
        if (!network.IsEntered || _collection.Sockets == BackendChoice.ProcFs)
        {
            _tally.RecallListeners(memory);
            return memory.IsComplete;
        }

        try
        {
            // Where there are no sockets, there is nothing to ask for either.
            return network.Activity?.HasSockets == false
                ? memory.Total == 0
                : _reader.TryComplete(memory, _tally, unchangedFor is not null, scan.CancellationToken);
        }
        catch (KernelException)
        {
            // The dump that follows says why.
            return false;
        }
    }

    private bool TryDump(NodeScan scan, NamespaceScan network, TimeSpan now, NamespaceProblems problems)
    {
        var began = ThreadTime.Read();
        if (!TryDump(scan, network, problems))
        {
            return false;
        }

        var cut = _tally.KeepPorts(scan.ListenerShare);
        problems.CountCutListeners(cut);
        network.Ends?.NoteDump(_tally.TimeWaits, now);
        network.Memory.Idle.Complete(now, _tally.Ports);
        scan.HalfClosed.Seal();
        var dump = new SocketDump(now, ThreadTime.Read() - began, network.Activity, IsWhole: !network.IsHost && cut == 0);
        network.Memory.Sockets.Note(dump, _tally, scan.HalfClosedOf(network));
        network.SocketsAge = TimeSpan.Zero;
        return true;
    }

    private bool TryDump(NodeScan scan, NamespaceScan network, NamespaceProblems problems)
    {
        var netPath = network.NetPath!;
        try
        {
            // A dump walks the sockets of the whole machine, so a namespace without any is worth two small files first.
            var byNetlink = network.IsEntered && _collection.Sockets != BackendChoice.ProcFs
                && (!(network.Activity?.HasSockets ?? _tables.MaybeSockets(netPath)) || TryNetlink(scan, network, problems));
            if (!byNetlink
                && (_collection.Sockets == BackendChoice.Netlink || !_reader.TryReadProcFs(netPath, _tally, scan.CancellationToken)))
            {
                return false;
            }

            problems.CountSockets(byNetlink, _tally.Total);
            return true;
        }
        catch (KernelException exception)
        {
            problems.NoteSockets(exception);
            return false;
        }
    }

    private bool TryNetlink(NodeScan scan, NamespaceScan network, NamespaceProblems problems)
    {
        try
        {
            _reader.ReadNetlink(_tally, network.Memory.Sockets.Total, scan.CancellationToken);
            return true;
        }
        catch (KernelException exception)
        {
            _tally.Restart();
            problems.NoteNetlink(exception);
            return false;
        }
    }
}
