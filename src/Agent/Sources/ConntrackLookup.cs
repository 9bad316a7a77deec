using Agent.Kernel;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Net;

namespace Agent.Sources;

/// <summary>Asks a conntrack table, one connection at a time, for the entries of half-closed sockets. Costs what is asked, not what the table holds.</summary>
internal static class ConntrackLookup
{
    /// <summary>Look-ups in one scan and table; beyond that, sockets stay unjudged until the next dump.</summary>
    private const int MaxLookups = 20_000;

    private const byte Tcp = 6;

    /// <summary>Completes what a dump of the node's table did not show, and finds out which namespaces that table tracks.</summary>
    public static void CompleteHost(ConntrackNetlink netlink, ScanState scan)
    {
        var left = MaxLookups;
        var suspects = new SortedSet<int>();
        foreach (ref var socket in scan.HalfClosed.Sockets)
        {
            if (socket.Host.Found || (socket.NamespaceSlot != 0 && socket.StaysInNamespace) || left-- <= 0)
            {
                continue;
            }

            scan.CancellationToken.ThrowIfCancellationRequested();
            if (Find(netlink, socket.Outside, ref socket.Host.Asked, out var flow))
            {
                socket.Host.Set(flow, flow.Original == socket.Outside);
                scan.HostTracks[socket.NamespaceSlot] = true;
            }
            else
            {
                suspects.Add(socket.NamespaceSlot);
            }
        }

        foreach (var slot in suspects.Where(slot => scan.HostTracks[slot] is null))
        {
            scan.HostTracks[slot] = Tracks(netlink, scan.Established[slot])
                ?? (scan.IsRoutedByHost(slot) ? scan.HostTracks[0] ??= TrackingProbe.IsTracking(netlink, inet6: false) : null);
        }
    }

    /// <summary>Asks the own table of a namespace for the sockets found there, on a thread that is in that namespace.</summary>
    /// <param name="netlink">Opened there.</param>
    /// <param name="scan">Receives the matches.</param>
    /// <param name="slot">The namespace.</param>
    /// <param name="entries">How many entries its table has; null when unknown.</param>
    /// <param name="staysInNamespace">Whether a connection does not leave the namespace.</param>
    public static void CompleteOwn(ConntrackNetlink netlink, ScanState scan, int slot, long? entries, Func<ConnectionTuple, bool> staysInNamespace)
    {
        var memory = scan.Layout.Namespaces[slot].Memory;
        if (entries > 0)
        {
            memory.NoteTracking(true, scan.Now);
        }
        else if (memory.TrackingIsDue(scan.Now))
        {
            memory.NoteTracking(TrackingProbe.IsTracking(netlink, inet6: false), scan.Now);
        }

        scan.OwnTableTracks[slot] = memory.OwnTableTracks;
        var left = MaxLookups;
        foreach (ref var socket in scan.HalfClosedOf(slot))
        {
            if (memory.OwnTableTracks == false)
            {
                socket.OutsideIsKnown = true;
            }
            else if (left-- > 0)
            {
                scan.CancellationToken.ThrowIfCancellationRequested();
                if (Find(netlink, socket.Socket.Tuple, ref socket.Pod.Asked, out var flow))
                {
                    socket.SetOwnEntry(flow);
                    socket.StaysInNamespace |= staysInNamespace(socket.Outside);
                }
            }
        }
    }

    /// <summary>Established connections tell: tracked when one has an entry, not tracked when none has, unknown when there are none.</summary>
    private static bool? Tracks(ConntrackNetlink netlink, IReadOnlyList<ConnectionTuple> established)
    {
        var asked = false;
        foreach (var tuple in established)
        {
            if (Find(netlink, tuple, ref asked, out _))
            {
                return true;
            }
        }

        return asked ? false : null;
    }

    private static bool Find(ConntrackNetlink netlink, in ConnectionTuple tuple, ref bool asked, out ConntrackFlow flow)
    {
        try
        {
            var found = netlink.TryLookup(Tcp, tuple, out flow);
            asked = true;
            return found;
        }
        catch (KernelException)
        {
            // This one stays unknown; a table that refuses everything shows in the dump's report.
            flow = default;
            return false;
        }
    }
}
