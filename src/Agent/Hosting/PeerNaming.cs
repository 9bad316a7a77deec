using Agent.Configuration;
using Agent.Core.Model;
using Agent.Core.Reporting;
using Agent.Kernel.Net;
using Agent.Kubernetes;
using Agent.Loop;

namespace Agent.Hosting;

/// <summary>
/// Asks for the names of peers that the newest scan shows and this node does not know, while Pods:PeerNames asks for it.
/// </summary>
internal sealed partial class PeerNaming(
    ClusterPeers peers, SnapshotStore store, AgentOptionsStore options, TimeProvider time, ILogger<PeerNaming> logger)
    : BackgroundService
{
    /// <summary>
    /// The addresses at the other ends of half-closed connections that are nobody's on this node, oldest connection first.
    /// </summary>
    internal static IEnumerable<IpAddress> Unknown(Snapshot snapshot)
    {
        var names = PeerNames.Of(snapshot with { PeerNames = Snapshot.NoNames });
        return from connection in snapshot.Connections.OrderByDescending(static connection => connection.Age)
               where names.Find(connection) is null
               from address in (IpAddress?[])[connection.RealPeer?.Address, connection.Tuple.Destination]
               where address is { IsLoopback: false, IsUnspecified: false, IsLinkLocal: false }
               select address.Value;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(new CollectionOptions().Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                if (options.Current.Pods.PeerNames == PeerNameScope.Cluster && store.Fresh(out _) is { } scan)
                {
                    await peers.AskAsync(Unknown(scan.Snapshot), stoppingToken).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The agent ends.
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            LogBug(exception);
        }
    }

    [LoggerMessage(EventId = 72, Level = LogLevel.Error,
        Message = "An error in this program while asking for peers' names: there will be no more of them")]
    private partial void LogBug(Exception exception);
}
