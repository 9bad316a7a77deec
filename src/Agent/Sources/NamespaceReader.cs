using System.Collections.Immutable;
using Agent.Configuration;
using Agent.Core.Model;
using Agent.Core.Snapshots;
using Agent.Core.Tallies;
using Agent.Kernel;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Namespaces;
using Agent.Kernel.Netlink;
using Agent.Kernel.ProcFs;

namespace Agent.Sources;

/// <summary>Reads each network namespace: settings, counters, sockets, and the half-closed ones' entries in the namespace's own conntrack table.</summary>
internal sealed class NamespaceReader(CollectionOptions collection, ConntrackSource conntrack, SocketHolders holders, TimeProvider time) : IDisposable
{
    private readonly NetlinkBuffer _buffer = new();
    private readonly NetDirectory _tables = new();
    private readonly SocketTally _tally = new();
    private readonly SettingsSource _settings = new();

    /// <summary>Reads all namespaces of a scan.</summary>
    /// <param name="scan">Receives what was found.</param>
    /// <param name="visitor">Enters namespaces; null in a captured tree.</param>
    /// <param name="sources">Receives the reports.</param>
    public ImmutableArray<NamespaceSample> Read(ScanState scan, NamespaceVisitor? visitor, SourceReports sources)
    {
        var problems = new NamespaceProblems();
        holders.Begin(scan.Layout.Owners);
        var sockets = new SocketReader(_buffer);
        var samples = ImmutableArray.CreateBuilder<NamespaceSample>(scan.Layout.Namespaces.Length);
        var clock = new SourceClock(SourceNames.Sockets, time);
        for (var slot = 0; slot < scan.Layout.Namespaces.Length; slot++)
        {
            scan.CancellationToken.ThrowIfCancellationRequested();
            samples.Add(ReadOne(scan, slot, visitor, sockets, problems));
        }

        visitor?.Return();
        sources.Add(collection.Sockets == BackendChoice.Off ? clock.Off("Collection:Sockets", SourceNeeds.SocketsSwitchedOn) : problems.Sockets(clock, holders.Denied));
        sources.Add(problems.Settings(new SourceClock(SourceNames.Sysctl, time), collection.ProcRoot));
        return samples.MoveToImmutable();
    }

    public void Dispose() => _buffer.Dispose();

    private NamespaceSample ReadOne(ScanState scan, int slot, NamespaceVisitor? visitor, SocketReader sockets, NamespaceProblems problems)
    {
        var target = scan.Layout.Namespaces[slot];
        KernelException? refusal = null;
        var entered = visitor is not null && target.Live is { } live && visitor.TryEnter(live, out refusal);
        var netPath = target.NetPath ?? (entered ? NamespaceVisitor.NetPath : null);
        problems.NoteEntry(slot, entered, refusal);

        ReadSettings(scan, slot, entered, problems);
        if (target.NetPath is null && entered)
        {
            ReadAddresses(scan, slot);
        }

        var socketsRead = netPath is not null && TryReadSockets(scan, slot, entered, netPath, sockets, problems);
        scan.SocketsRead |= socketsRead;
        var tableEntries = slot == 0 ? scan.HostSettings?.Entries : OwnTableEntries(netPath);
        if (slot == 0)
        {
            scan.HostTableEntries = tableEntries ?? OwnTableEntries(netPath);
            ReadRoutes(scan, netPath);
        }
        else if (tableEntries > 0)
        {
            scan.OwnTableTracks[slot] = true;
        }

        if (slot != 0 && entered && !scan.HalfClosedOf(slot).IsEmpty)
        {
            LookUpInOwnTable(scan, slot, tableEntries);
        }

        if (tableEntries == 0)
        {
            scan.MarkOutsideKnown(slot);
        }

        return new NamespaceSample
        {
            Inode = target.Inode,
            Addresses = target.Memory.Addresses,
            Counters = netPath is null ? null : Counters(netPath),
            Settings = target.Memory.Settings?.Settings,
            TableEntries = tableEntries,
            Sockets = socketsRead ? SocketsByOwner(scan.Layout, slot) : null,
            Listeners = socketsRead ? ListenerBuilder.Build(_tally.Ports, target.Memory.Idle) : [],
        };
    }

    /// <summary>Of a namespace that has a name and no process, the addresses show only from inside.</summary>
    private void ReadAddresses(ScanState scan, int slot)
    {
        var memory = scan.Layout.Namespaces[slot].Memory;
        if (memory.AddressesAreDue(scan.Now))
        {
            var addresses = new List<Kernel.Net.IpAddress>();
            _tables.ReadAddresses(NamespaceVisitor.NetPath, addresses);
            memory.SetAddresses([.. addresses], scan.Now);
        }

        foreach (var address in memory.Addresses)
        {
            scan.Layout.Addresses.TryAdd(address, scan.Layout.FirstOwner[slot]);
        }
    }

    /// <summary>/proc/sys/net is the calling thread's: without entering it there is nothing to read of another namespace.</summary>
    private void ReadSettings(ScanState scan, int slot, bool entered, NamespaceProblems problems)
    {
        var target = scan.Layout.Namespaces[slot];
        var readable = entered || target.Live is null;
        try
        {
            if (readable && (slot == 0 || target.Memory.SettingsAreDue(scan.Now)))
            {
                target.Memory.SetSettings(_settings.Read(target.Live is null ? collection.ProcRoot : "/proc", slot == 0), scan.Now);
            }
            else if (readable && target.Memory.CloseWaitIsDue(scan.Now))
            {
                target.Memory.SetCloseWait(SettingsSource.ReadCloseWait("/proc"), scan.Now);
            }
        }
        catch (KernelException exception)
        {
            problems.NoteSettings(slot, exception);
        }

        problems.CountSettings(slot, target.Memory.Settings is not null);
        if (slot == 0)
        {
            scan.HostSettings = target.Memory.Settings;
        }
    }

    private bool TryReadSockets(ScanState scan, int slot, bool entered, string netPath, SocketReader sockets, NamespaceProblems problems)
    {
        if (collection.Sockets == BackendChoice.Off)
        {
            return false;
        }

        var target = scan.Layout.Namespaces[slot];
        _tally.Begin(
            slot,
            scan.Layout.FirstOwner[slot],
            scan.Layout.Owners.Length,
            slot == 0 && holders.CgroupsTellPods ? holders.SlotOf : null,
            target.Memory.AddressSet,
            scan.HalfClosed,
            target.Memory.Idle);
        scan.HalfClosedStart[slot] = scan.HalfClosed.Count;
        // Not the scan's beginning: that may be a second earlier at the first scan of a process, and idle times are told by the difference.
        var dumpedAt = time.GetElapsedTime(0, time.GetTimestamp());
        try
        {
            // A dump walks the sockets of the whole machine, so a namespace without any is worth two small files first.
            var byNetlink = entered && collection.Sockets != BackendChoice.ProcFs
                && (!_tables.MaybeSockets(netPath) || TryNetlink(scan, target, sockets, problems));
            if (!byNetlink && (collection.Sockets == BackendChoice.Netlink || !sockets.TryReadProcFs(netPath, _tally, scan.CancellationToken)))
            {
                _tally.Restart();
                return false;
            }

            problems.CountSockets(byNetlink, _tally.Total);
        }
        catch (KernelException exception)
        {
            _tally.Restart();
            problems.NoteSockets(exception);
            return false;
        }

        target.Memory.Sockets = _tally.Total;
        target.Memory.Idle.Complete(dumpedAt, _tally.Ports);
        scan.Established[slot] = [.. _tally.EstablishedSample];
        if (target.Live is { } network && !scan.HalfClosedOf(slot).IsEmpty)
        {
            holders.Complete(scan.HalfClosedOf(slot), network, slot == 0);
        }

        return true;
    }

    private bool TryNetlink(ScanState scan, NamespaceTarget target, SocketReader sockets, NamespaceProblems problems)
    {
        try
        {
            sockets.ReadNetlink(_tally, target.Memory.Sockets, scan.CancellationToken);
            return true;
        }
        catch (KernelException exception)
        {
            _tally.Restart();
            problems.NoteNetlink(exception);
            return false;
        }
    }

    private ImmutableDictionary<int, TcpStateCounts> SocketsByOwner(NodeLayout layout, int slot)
    {
        if (slot != 0)
        {
            return ImmutableDictionary<int, TcpStateCounts>.Empty.Add(layout.FirstOwner[slot], _tally.StatesOf(layout.FirstOwner[slot]));
        }

        var owners = ImmutableDictionary.CreateBuilder<int, TcpStateCounts>();
        for (var owner = 0; owner < layout.Owners.Length; owner++)
        {
            if (layout.Owners[owner].NamespaceSlot == 0 && (owner == layout.FirstOwner[0] || holders.CgroupsTellPods))
            {
                owners[owner] = _tally.StatesOf(owner);
            }
        }

        return owners.ToImmutable();
    }

    private TcpCounters? Counters(string netPath)
    {
        try
        {
            return _tables.ReadCounters(netPath);
        }
        catch (KernelException)
        {
            return null;
        }
    }

    private void ReadRoutes(ScanState scan, string? netPath)
    {
        try
        {
            if (netPath is not null)
            {
                _tables.ReadRoutes(netPath, scan.HostRoutes);
            }
        }
        catch (KernelException)
        {
            // Without routes nothing is taken to be the node's to track unless its table shows it.
            scan.HostRoutes.Clear();
        }
    }

    private static long? OwnTableEntries(string? netPath)
    {
        try
        {
            return netPath is null ? null : NfConntrackStat.Read($"{netPath}/stat/nf_conntrack")?.Entries;
        }
        catch (KernelException)
        {
            return null;
        }
    }

    /// <summary>
    /// Look-ups for the half-closed sockets, never a dump, which would walk the table of the whole machine. A namespace
    /// tracks nothing unless some rule in it needs that, so most are not asked at all.
    /// </summary>
    private void LookUpInOwnTable(ScanState scan, int slot, long? entries)
    {
        using var netlink = conntrack.OpenNetlink(out _);
        if (netlink is not null)
        {
            ConntrackLookup.CompleteOwn(netlink, scan, slot, entries, tuple => _tally.StaysInNamespace(tuple));
        }
    }
}
