using Agent.Kernel;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Net;

namespace Agent.Sources;

/// <summary>
/// Asks a conntrack table, one connection at a time, for the entries of half-closed sockets. Costs what is asked, not what the
/// table holds.
/// </summary>
internal static class ConntrackLookup
{
    /// <summary>Look-ups in one scan and table; beyond that, sockets stay unjudged until the next dump.</summary>
    private const int MaxLookups = 20_000;

    private const byte Tcp = 6;

    /// <summary>Completes what a dump of the host's table did not show, and finds out which namespaces that table tracks.</summary>
    public static void CompleteHost(ConntrackNetlink netlink, NodeScan scan)
    {
        var left = MaxLookups;
        foreach (var network in scan.Layout.Namespaces)
        {
            if (CompleteHost(netlink, scan, network, ref left) && network.Tracking.InHostTable is null)
            {
                var host = scan.Layout.Host.Tracking;
                network.Tracking.InHostTable = Tracks(netlink, network.Established)
                    ?? (scan.IsRoutedByHost(network) ? host.InHostTable ??= TrackingProbe.IsTracking(netlink, inet6: false) : null);
            }
        }
    }

    /// <summary>Asks the own table of a namespace for the sockets found there, on a thread that is in that namespace.</summary>
    /// <param name="netlink">Opened there.</param>
    /// <param name="scan">Receives the matches.</param>
    /// <param name="network">The namespace.</param>
    /// <param name="staysInNamespace">Whether a connection does not leave the namespace.</param>
    public static void CompleteOwn(
        ConntrackNetlink netlink, NodeScan scan, NamespaceScan network, Func<ConnectionTuple, bool> staysInNamespace)
    {
        var memory = network.Memory;
        if (network.TableEntries > 0)
        {
            memory.NoteTracking(true, scan.Now);
        }
        else if (memory.TrackingIsDue(scan.Now))
        {
            memory.NoteTracking(TrackingProbe.IsTracking(netlink, inet6: false), scan.Now);
        }

        network.Tracking.InOwnTable = memory.OwnTableTracks;
        network.Tracking.IsUntranslated = memory.OwnTableTracks == false;
        var left = MaxLookups;
        foreach (ref var socket in scan.HalfClosedOf(network))
        {
            if (memory.OwnTableTracks == false)
            {
                socket.SetUntranslated();
            }
            else if (left-- > 0)
            {
                scan.CancellationToken.ThrowIfCancellationRequested();
                switch (Find(netlink, socket.Socket.Tuple, out var flow))
                {
                    case true:
                        socket.SetOwnEntry(flow, staysInNamespace);
                        break;
                    case false:
                        socket.SetOwnEntryMissing();
                        break;
                    default:
                        break;
                }
            }
        }
    }

    /// <returns>True when a socket of the namespace has no entry, so that it matters whether the table tracks the namespace.</returns>
    private static bool CompleteHost(ConntrackNetlink netlink, NodeScan scan, NamespaceScan network, ref int left)
    {
        var anyMissing = false;
        foreach (ref var socket in scan.HalfClosedOf(network))
        {
            if (socket.Host.Found || socket.IsPrivate || left-- <= 0)
            {
                continue;
            }

            scan.CancellationToken.ThrowIfCancellationRequested();
            var found = Find(netlink, socket.Outside, out var flow);
            anyMissing |= found != true;
            if (found == true)
            {
                socket.SetHostEntry(flow, flow.Original == socket.Outside);
                network.Tracking.InHostTable = true;
            }
            else if (found == false)
            {
                socket.SetHostEntryMissing();
            }
        }

        return anyMissing;
    }

    /// <summary>
    /// Established connections tell: tracked when one has an entry, not tracked when none has, unknown when there are none.
    /// </summary>
    private static bool? Tracks(ConntrackNetlink netlink, IReadOnlyList<ConnectionTuple> established)
    {
        bool? tracks = null;
        foreach (var tuple in established)
        {
            var found = Find(netlink, tuple, out _);
            if (found == true)
            {
                return true;
            }

            tracks ??= found;
        }

        return tracks;
    }

    /// <returns>Null when the table would not tell.</returns>
    private static bool? Find(ConntrackNetlink netlink, in ConnectionTuple tuple, out ConntrackFlow flow)
    {
        try
        {
            return netlink.TryLookup(Tcp, tuple, out flow);
        }
        catch (KernelException)
        {
            // This one stays unknown; a table that refuses everything shows in the dump's report.
            flow = default;
            return null;
        }
    }
}
