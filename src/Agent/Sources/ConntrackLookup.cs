using Agent.Core.Model;
using Agent.Core.Tallies;
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

    /// <summary>Zones besides 0 in which a connection is looked for, those with most entries.</summary>
    private const int MaxZones = 8;

    private const byte Tcp = 6;

    /// <summary>Completes what a dump of the host's table did not show, and finds out which namespaces that table tracks.</summary>
    /// <param name="netlink">Opened in the host's namespace.</param>
    /// <param name="scan">Receives the matches.</param>
    /// <param name="zones">Zones that the last dump showed.</param>
    public static void CompleteHost(ConntrackNetlink netlink, NodeScan scan, ReadOnlySpan<ZoneCount> zones)
    {
        var left = MaxLookups;
        Span<ushort> others = stackalloc ushort[MaxZones];
        others = others[..Busiest(zones, others)];
        foreach (var network in scan.Layout.Namespaces)
        {
            if (CompleteHost(netlink, scan, network, others, ref left) && network.Tracking.InHostTable is null)
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
        var kin = new KinTable();
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
                switch (Find(netlink, socket.Socket.Tuple, 0, [], out var flow))
                {
                    case true:
                        socket.SetOwnEntry(flow, staysInNamespace);
                        kin.Note(socket, socket.Socket.Tuple, socket.Own);
                        break;
                    case false:
                        socket.SetOwnEntryMissing();
                        if (socket.Past.Outside is { } outside)
                        {
                            socket.SetOutside(outside);
                        }

                        break;
                    default:
                        break;
                }
            }
        }

        FindKin(netlink, scan.HalfClosedOf(network), network, kin, [], inHostTable: false);
    }

    /// <summary>Of sockets without an entry, whether connections of the same two ends have one.</summary>
    private static void FindKin(
        ConntrackNetlink netlink,
        Span<HalfClosedSocket> sockets,
        NamespaceScan network,
        KinTable kin,
        ReadOnlySpan<ushort> zones,
        bool inHostTable)
    {
        foreach (ref var socket in sockets)
        {
            var match = inHostTable ? socket.Host : socket.Own;
            var past = inHostTable ? socket.Past.Host : socket.Past.Own;
            if (!match.Asked || match.Found || past.WasThere || (inHostTable && socket.IsPrivate))
            {
                continue;
            }

            var view = inHostTable ? socket.Outside : socket.Socket.Tuple;
            var entry = kin.Find(socket, view);
            for (var i = 0; i < network.Established.Count && !entry.WasThere; i++)
            {
                var other = network.Established[i];
                if (KinTable.IsKin(socket, other) && Find(netlink, other, 0, zones, out var flow) == true)
                {
                    entry = new(true, flow.IsTranslated, flow.Has(ConntrackFields.Zone) ? flow.Zone : (ushort)0);
                    kin.Note(socket, view, entry);
                }
            }

            socket.SetKin(inHostTable ? entry : default, inHostTable ? default : entry);
        }
    }

    /// <returns>True when a socket of the namespace has no entry, so that it matters whether the table tracks the namespace.</returns>
    private static bool CompleteHost(
        ConntrackNetlink netlink, NodeScan scan, NamespaceScan network, ReadOnlySpan<ushort> zones, ref int left)
    {
        var anyMissing = false;
        var kin = new KinTable();
        foreach (ref var socket in scan.HalfClosedOf(network))
        {
            if (socket.Host.Found || socket.IsPrivate || left-- <= 0)
            {
                kin.Note(socket, socket.Outside, socket.Host);
                continue;
            }

            scan.CancellationToken.ThrowIfCancellationRequested();
            var found = Find(netlink, socket.Outside, socket.Past.Host.Zone, zones, out var flow);
            anyMissing |= found != true;
            if (found == true)
            {
                socket.SetHostEntry(flow, flow.Original == socket.Outside);
                kin.Note(socket, socket.Outside, socket.Host);
                network.Tracking.InHostTable = true;
            }
            else if (found == false)
            {
                socket.SetHostEntryMissing();
            }
        }

        if (anyMissing)
        {
            FindKin(netlink, scan.HalfClosedOf(network), network, kin, zones, inHostTable: true);
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
            var found = Find(netlink, tuple, 0, [], out _);
            if (found == true)
            {
                return true;
            }

            tracks ??= found;
        }

        return tracks;
    }

    /// <summary>Zones besides 0 with most entries.</summary>
    private static int Busiest(ReadOnlySpan<ZoneCount> zones, Span<ushort> busiest)
    {
        var count = 0;
        var others = zones.ToArray().Where(static zone => zone.Zone != 0).OrderByDescending(static zone => zone.Entries);
        foreach (var zone in others.Take(MaxZones))
        {
            busiest[count++] = zone.Zone;
        }

        return count;
    }

    /// <param name="netlink">The table.</param>
    /// <param name="tuple">A socket's view.</param>
    /// <param name="likely">The zone to ask first: where its entry was.</param>
    /// <param name="others">Zones to ask besides 0.</param>
    /// <param name="flow">The entry.</param>
    /// <returns>Null when the table would not tell.</returns>
    private static bool? Find(
        ConntrackNetlink netlink, in ConnectionTuple tuple, ushort likely, ReadOnlySpan<ushort> others, out ConntrackFlow flow)
    {
        try
        {
            if (netlink.TryLookup(Tcp, tuple, out flow, likely) || (likely != 0 && netlink.TryLookup(Tcp, tuple, out flow)))
            {
                return true;
            }

            foreach (var zone in others)
            {
                if (zone != likely && netlink.TryLookup(Tcp, tuple, out flow, zone))
                {
                    return true;
                }
            }

            return false;
        }
        catch (KernelException)
        {
            // This one stays unknown; a table that refuses everything shows in the dump's report.
            flow = default;
            return null;
        }
    }
}
