using System.Collections.Immutable;
using Agent.Core.Attribution;
using Agent.Core.Model;
using Agent.Core.Tallies;

namespace Agent.Core.Snapshots;

/// <summary>Assembles what the sources read into a snapshot.</summary>
public static class SnapshotBuilder
{
    /// <summary>How many connections are kept of each owner; a report shows at most so many.</summary>
    public const int ConnectionsPerOwner = 50;

    /// <summary>Builds the snapshot of one scan.</summary>
    public static Snapshot Build(NodeSample sample)
    {
        var halfClosed = HalfClosedByOwner.Sum(sample);
        var pods = ImmutableArray.CreateBuilder<PodSnapshot>(sample.Owners.Length);
        for (var owner = 0; owner < sample.Owners.Length; owner++)
        {
            if (IsKnown(sample, owner))
            {
                pods.Add(BuildPod(sample, owner, halfClosed[owner]));
            }
        }

        pods.Sort(static (a, b) => Compare(a, b));
        return new Snapshot
        {
            TakenAt = sample.TakenAt,
            Node = sample.Node,
            Place = sample.Place,
            ScanDuration = sample.Duration,
            Sources = sample.Sources,
            Conntrack = BuildConntrack(sample),
            HostSettings = sample.Namespaces[0].Settings,
            Pods = pods.ToImmutable(),
            Gone = sample.Ends?.Gone ?? [],
            ConnectionEnds = sample.Ends?.Summary,
            UnattributedHalfClosedSockets = sample.HalfClosed is { } table ? CountUnowned(table) : null,
            UnattributedHalfClosedFlows = sample.Flows?.Unattributed,
            Connections = ConnectionSampler.Sample(sample, ConnectionsPerOwner),
        };
    }

    /// <summary>
    /// A name below /run/netns that can be neither read nor tied to processes is left out: without the right to do either, it may
    /// well be the namespace of a pod that is already here.
    /// </summary>
    private static bool IsKnown(NodeSample sample, int owner) =>
        sample.Owners[owner] is var known
        && (known.Identity.Kind != PodKind.NetworkNamespace || sample.Namespaces[known.NamespaceIndex].Sockets is not null);

    private static PodSnapshot BuildPod(NodeSample sample, int ownerIndex, HalfClosedSummary halfClosed)
    {
        var owner = sample.Owners[ownerIndex];
        var network = sample.Namespaces[owner.NamespaceIndex];
        var ownsNamespace = !owner.HostNetwork;
        var tracking = network.Tracking;
        var isHost = tracking.IsHost;
        return new PodSnapshot
        {
            Identity = owner.Identity,
            HostNetwork = owner.HostNetwork,
            Kubernetes = owner.Kubernetes,
            Addresses = network.Addresses,
            NamespaceInode = network.Inode,
            NamespaceInstance = network.Instance,
            HalfClosed = halfClosed,
            Tcp = Sockets(sample, owner, ownerIndex),
            SocketsAge = owner.Namespaces.Max(index => sample.Namespaces[index].SocketsAge),
            Counters = ownsNamespace ? network.Counters : null,
            OtherCounters = OtherCounters(sample, owner),
            Listeners =
            [
                .. owner.Namespaces.SelectMany(index => sample.Namespaces[index].Listeners)
                    .Where(listener => listener.OwnerIndex == ownerIndex)
                    .Select(static listener => listener.Listener),
            ],
            Programs = owner.HostNetwork ? owner.HostPrograms : network.Programs,
            Settings = isHost ? null : network.Settings,
            Entries = owner.HostNetwork ? null : sample.Flows?.Entries.GetValueOrDefault(owner.Identity),
            LocalPorts = network.LocalPorts,
            OwnTableEntries = isHost ? null : network.TableEntries,
            OwnTableTracks = isHost ? null : tracking.InOwnTable,
            IsTracked = tracking.InHostTable == true || (!isHost && tracking.InOwnTable == true) ? true
                : tracking.InHostTable == false && (isHost || tracking.InOwnTable == false) ? false
                : null,
            Ends = sample.Ends?.ByOwner[ownerIndex],
            Running = owner.Running,
            NewestWorkerRunning = owner.NewestWorkerRunning,
        };
    }

    /// <summary>Sockets in all its namespaces; null when those in the primary one are not known.</summary>
    private static TcpStateCounts? Sockets(NodeSample sample, Owner owner, int ownerIndex)
    {
        var sum = sample.Namespaces[owner.NamespaceIndex].Sockets?.GetValueOrDefault(ownerIndex);
        foreach (var index in owner.Namespaces.Skip(1))
        {
            var more = sample.Namespaces[index].Sockets?.GetValueOrDefault(ownerIndex);
            sum = more is null ? sum : sum?.Plus(more);
        }

        return sum;
    }

    private static ImmutableArray<NamespaceCounters> OtherCounters(NodeSample sample, Owner owner) =>
    [
        .. owner.Namespaces
            .Where(index => index != owner.NamespaceIndex && index != Owner.HostNamespaceIndex)
            .Where(index => sample.Namespaces[index].Counters is not null)
            .Select(index => new NamespaceCounters(sample.Namespaces[index].Instance, sample.Namespaces[index].Counters!)),
    ];

    private static int Compare(PodSnapshot a, PodSnapshot b)
    {
        if ((a.Identity.Kind == PodKind.Host) != (b.Identity.Kind == PodKind.Host))
        {
            return a.Identity.Kind == PodKind.Host ? -1 : 1;
        }

        var bySockets = b.HalfClosed.Sockets.CompareTo(a.HalfClosed.Sockets);
        return bySockets != 0 ? bySockets : string.CompareOrdinal(a.Identity.DisplayName, b.Identity.DisplayName);
    }

    private static ConntrackSummary? BuildConntrack(NodeSample sample) =>
        sample is { Flows: null, Statistics: null, TableEntries: null, TableLimit: null }
            ? null
            : new ConntrackSummary
            {
                Entries = sample.TableEntries,
                Limit = sample.TableLimit,
                Buckets = sample.TableBuckets,
                Flows = sample.Flows?.Summary,
                IsBeingRead = sample.TableIsBeingRead,
                Statistics = sample.Statistics,
            };

    private static long CountUnowned(HalfClosedTable table)
    {
        var count = table.Groups.Where(static group => group.OwnerIndex < 0).Sum(static group => group.Rest.Sockets);
        foreach (ref readonly var socket in table.Sockets)
        {
            count += socket.OwnerIndex < 0 ? 1 : 0;
        }

        return count;
    }
}
