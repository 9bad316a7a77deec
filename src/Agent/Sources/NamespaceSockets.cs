using System.Collections.Immutable;
using Agent.Configuration;
using Agent.Core.Attribution;
using Agent.Core.Model;
using Agent.Core.Snapshots;
using Agent.Core.Tallies;
using Agent.Kernel;
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
    public void Begin(IReadOnlyList<Owner> owners) => _holders.Begin(owners);

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
        var dumpedAt = _time.GetElapsedTime(0, _time.GetTimestamp());
        if (!TryDump(scan, network, problems))
        {
            _tally.Restart();
            return false;
        }

        network.Memory.Sockets = _tally.Total;
        problems.CountCutListeners(_tally.KeepPorts(scan.ListenerShare));
        scan.NoteListeners(_tally.Ports.Length);
        network.Ends?.NoteDump(dumpedAt);
        network.Memory.Idle.Complete(dumpedAt, _tally.Ports);
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

    private bool TryDump(NodeScan scan, NamespaceScan network, NamespaceProblems problems)
    {
        var netPath = network.NetPath!;
        try
        {
            // A dump walks the sockets of the whole machine, so a namespace without any is worth two small files first.
            var byNetlink = network.IsEntered && _collection.Sockets != BackendChoice.ProcFs
                && (!_tables.MaybeSockets(netPath) || TryNetlink(scan, network, problems));
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
            _reader.ReadNetlink(_tally, network.Memory.Sockets, scan.CancellationToken);
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
