using System.Collections.Immutable;
using Agent.Core.Model;
using Agent.Core.Tallies;

namespace Agent.Core.Snapshots;

/// <summary>Turns what was counted at listening ports into listeners.</summary>
public static class ListenerBuilder
{
    /// <summary>Builds the listeners of one namespace.</summary>
    /// <param name="ports">This scan's numbers.</param>
    /// <param name="idle">What this and earlier scans saw of idle connections.</param>
    public static ImmutableArray<OwnedListener> Build(ReadOnlySpan<PortTally> ports, IdleWatch idle)
    {
        var listeners = ImmutableArray.CreateBuilder<OwnedListener>(ports.Length);
        foreach (ref readonly var port in ports)
        {
            var history = idle.Port(port.Port);
            listeners.Add(new OwnedListener(port.OwnerIndex, new Listener
            {
                Port = port.Port,
                Address = port.Address,
                Queued = port.Queued,
                Backlog = port.Backlog,
                Established = port.Established,
                ClosedByPodFirst = port.TimeWait,
                Restarts = idle.HasTwoScans ? history?.Restarts : null,
                IdleClosesSeen = idle.HasTwoScans ? history?.ClosesByPod : null,
                IdleClosesByPeerSeen = idle.HasTwoScans ? history?.ClosesByPeer : null,
                IdleAtClose = history?.IdleAtClose,
                IdleClosesAgree = history?.IdleClosesAgree ?? false,
                RestartedAgo = idle.CompletedAt - history?.RestartedAt,
                ThirdLastRestartAgo = idle.CompletedAt - history?.ThirdLastRestartAt,
                LongestIdle = port.IdleSamples > 0 ? TimeSpan.FromMilliseconds(port.LongestIdleMilliseconds) : null,
                Idle = history is { Samples: > 0, Longest: { } longest } ? new IdleCeiling(longest, history.Samples, history.Scans) : null,
            }));
        }

        return listeners.MoveToImmutable();
    }
}
