using Agent.Configuration;
using Agent.Core.Model;
using Agent.Core.Snapshots;
using Agent.Kernel;
using Agent.Kernel.Conntrack;
using Agent.Kernel.ProcFs;

namespace Agent.Sources;

/// <summary>Reads each network namespace: settings, addresses, counters, and by <see cref="NamespaceSockets"/> its sockets.</summary>
internal sealed class NamespaceReader(CollectionOptions collection, NamespaceSockets sockets, TimeProvider time)
{
    private readonly NetDirectory _tables = new();
    private readonly SettingsSource _settings = new();
    private SettingsAhead? _ahead;

    /// <summary>Reads all namespaces of a scan.</summary>
    /// <param name="scan">Receives what was found.</param>
    /// <param name="sources">Receives the reports.</param>
    public void Read(NodeScan scan, SourceReports sources)
    {
        var problems = new NamespaceProblems();
        sockets.Begin(scan);
        var clock = new SourceClock(SourceNames.Sockets, time);
        try
        {
            for (var index = 0; index < scan.Layout.Namespaces.Length; index++)
            {
                scan.CancellationToken.ThrowIfCancellationRequested();
                ReadOne(scan, index, problems);
            }
        }
        finally
        {
            _ahead?.Dispose();
            _ahead = null;
        }

        scan.Visitor?.Return();
        sources.Add(collection.Sockets == BackendChoice.Off
            ? clock.Off("Collection:Sockets", SourceNeeds.SocketsSwitchedOn)
            : problems.Sockets(clock, sockets.Denied, scan.HalfClosed.RestCount));
        sources.Add(problems.Settings(new SourceClock(SourceNames.Sysctl, time), collection.ProcRoot));
    }

    private void ReadOne(NodeScan scan, int index, NamespaceProblems problems)
    {
        var network = scan.Layout.Namespaces[index];
        problems.NoteEntry(network.Enter(scan.Visitor));
        scan.Ends?.Attach(scan, network);
        if (_ahead?.TryTake(index, out var settings) == true)
        {
            network.Memory.SetSettings(settings, scan.Now);
        }

        ReadSettings(scan, network, problems);
        if (network.IsHost)
        {
            // The host's told which settings there are.
            _ahead = SettingsAhead.Begin(scan, collection.ProcRoot, () => _settings.Read("/proc", isHost: false));
        }

        ReadAddresses(scan, network);
        var socketsRead = sockets.TryRead(scan, network, problems);
        scan.SocketsRead |= socketsRead;
        network.TableEntries = ReadTableEntries(network);
        if (!network.IsHost)
        {
            sockets.CompleteByOwnTable(scan, network);
        }

        network.Sample = new NamespaceSample
        {
            Inode = network.Target.Inode,
            Instance = network.Target.Instance,
            Tracking = network.Tracking,
            Addresses = network.Memory.Addresses,
            Counters = ReadCounters(network),
            Settings = network.Memory.Settings?.Settings,
            LocalPorts = network.Memory.Settings?.LocalPorts,
            TableEntries = network.TableEntries,
            Sockets = socketsRead ? sockets.ByOwner(scan.Layout, network) : null,
            SocketsAge = network.SocketsAge,
            Listeners = socketsRead ? sockets.Listeners(network) : [],
            Programs = network.IsHost || network.Target.Live is not { } live ? [] : network.Memory.ProgramsOf(live),
        };
        scan.Ends?.Describe(scan, network);
    }

    /// <summary>/proc/sys/net is the calling thread's: without entering it there is nothing to read of another namespace.</summary>
    private void ReadSettings(NodeScan scan, NamespaceScan network, NamespaceProblems problems)
    {
        var root = network.IsEntered ? "/proc" : network.Target.CapturedRoot;
        var memory = network.Memory;
        try
        {
            if (root is null)
            {
                // Nothing to read.
            }
            else if (network.IsHost || memory.SettingsAreDue(scan.Now))
            {
                memory.SetSettings(_settings.Read(root, network.IsHost), scan.Now);
            }
            else if (memory.TimeoutsAreDue(scan.Now))
            {
                memory.SetTimeouts(SettingsSource.ReadTimeouts(root), scan.Now);
            }
        }
        catch (KernelException exception)
        {
            problems.NoteSettings(network, exception);
        }

        problems.CountSettings(network);
    }

    /// <summary>Of a namespace that has a name and no process, the addresses show only from inside.</summary>
    private void ReadAddresses(NodeScan scan, NamespaceScan network)
    {
        if (network.Target.NetPath is not null || network.NetPath is not { } netPath)
        {
            return;
        }

        var memory = network.Memory;
        if (memory.AddressesAreDue(scan.Now))
        {
            var addresses = LocalAddresses.OfPod();
            _tables.ReadAddresses(netPath, addresses);
            memory.SetAddresses(addresses, scan.Now);
        }

        foreach (var address in memory.Addresses)
        {
            scan.Layout.Addresses.TryAdd(address, network.OwnerIndex);
        }
    }

    /// <summary>Without a segment, and without a socket that came or went, no counter changes.</summary>
    private TcpCounters? ReadCounters(NamespaceScan network)
    {
        var memory = network.Memory;
        if (network.Activity is null || !memory.Sockets.IsResting || memory.Counters is null)
        {
            memory.Counters = ReadCounters(network.NetPath);
        }

        return memory.Counters;
    }

    private TcpCounters? ReadCounters(string? netPath)
    {
        try
        {
            return netPath is null ? null : _tables.ReadCounters(netPath);
        }
        catch (KernelException)
        {
            return null;
        }
    }

    /// <summary>nf_conntrack_count where the settings were read just now, otherwise what the statistics say, which need no right.</summary>
    private static long? ReadTableEntries(NamespaceScan network)
    {
        if (network.IsHost && network.Memory.Settings?.Entries is { } entries)
        {
            return entries;
        }

        try
        {
            return network.NetPath is { } netPath ? NfConntrackStat.ReadEntries($"{netPath}/stat/nf_conntrack") : null;
        }
        catch (KernelException)
        {
            return null;
        }
    }
}
