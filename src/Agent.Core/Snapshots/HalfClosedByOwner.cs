using Agent.Core.Model;
using Agent.Core.Tallies;
using Agent.Kernel.Net;

namespace Agent.Core.Snapshots;

/// <summary>Sums the half-closed sockets and entries of each owner.</summary>
internal static class HalfClosedByOwner
{
    public static HalfClosedSummary[] Sum(NodeSample sample)
    {
        var sums = new HalfClosedSums[sample.Owners.Length];
        var counted = new HashSet<(NamespaceTracking Namespace, ConnectionTuple Tuple)>();
        foreach (ref readonly var socket in sample.HalfClosed is { } table ? table.Sockets : [])
        {
            if (socket.OwnerIndex >= 0)
            {
                ref var sum = ref sums[socket.OwnerIndex];
                sum.Add(socket);
                // Where both ends are in one namespace, as between an application and its proxy, they share an entry; each end
                // is the reverse of what the other one looks like from outside.
                if (socket.Own.Found && !counted.Contains((socket.Namespace, socket.Outside.Reversed)))
                {
                    counted.Add((socket.Namespace, socket.Socket.Tuple));
                    sum.AddOwnEntry(socket.Own);
                }
            }
        }

        foreach (var group in sample.HalfClosed?.Groups ?? [])
        {
            if (group.OwnerIndex >= 0)
            {
                sums[group.OwnerIndex].Add(group.Rest);
            }
        }

        var result = new HalfClosedSummary[sums.Length];
        for (var owner = 0; owner < sums.Length; owner++)
        {
            var host = sample.Flows?.ByOwner.GetValueOrDefault(sample.Owners[owner].Identity) ?? HalfClosedEntries.None;
            result[owner] = sums[owner].ToSummary(host);
        }

        return result;
    }
}
