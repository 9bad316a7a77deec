using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Agent.Http;

/// <summary>
/// Who may be connected. Nobody is turned away: where there are as many connections as may be, the one that has been idle longest
/// gives way, first of the newcomer's own, otherwise of the client that has most. So connections that are only held lock out nobody,
/// and this machine's own (the kubelet's probes) have places that no stranger can take.
/// </summary>
internal sealed partial class ConnectionGate(TimeProvider time, ILogger<ConnectionGate> logger)
{
    /// <summary>Connections of one client: 200 scrapers at once behind one address, and room to spare. This machine has as many.</summary>
    public const int PerClient = 256;

    /// <summary>Connections of all other machines. Each costs some 20 KB.</summary>
    public const int Strangers = 384;

    private readonly Lock _lock = new();
    private readonly Dictionary<ClientAddress, List<ClientConnection>> _clients = [];
    private int _strangers;

    /// <summary>Keeps a connection for as long as it lasts; a step of the web server's for each new one.</summary>
    public async Task AdmitAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var client = new ClientConnection(connection, ClientAddress.Of(connection.RemoteEndPoint, connection.LocalEndPoint), time);
        connection.Features.Set(client);
        connection.Features.Get<IConnectionHeartbeatFeature>()?.OnHeartbeat(
            static state => ((ClientConnection)state).CloseIfOverdue(), client);
        Enter(client);
        try
        {
            await next(connection).ConfigureAwait(false);
        }
        finally
        {
            Leave(client);
        }
    }

    private void Enter(ClientConnection newcomer)
    {
        ClientConnection? victim;
        lock (_lock)
        {
            victim = FindVictim(newcomer.Client);
            if (victim is not null)
            {
                Remove(victim);
            }

            (CollectionsMarshal.GetValueRefOrAddDefault(_clients, newcomer.Client, out _) ??= []).Add(newcomer);
            _strangers += newcomer.Client.IsThisMachine ? 0 : 1;
        }

        if (victim is null)
        {
            return;
        }

        victim.Abort("another client needs the place");
        if (victim.Client == newcomer.Client)
        {
            LogClientFull(victim.Client.ToString(), PerClient);
        }
        else
        {
            LogStrangersFull(Strangers, victim.Client.ToString());
        }
    }

    private void Leave(ClientConnection connection)
    {
        lock (_lock)
        {
            Remove(connection);
        }
    }

    /// <summary>The connection that gives way to one more of a client; null where there is room.</summary>
    private ClientConnection? FindVictim(ClientAddress newcomer)
    {
        var own = _clients.GetValueOrDefault(newcomer);
        if (own?.Count >= PerClient)
        {
            return LongestIdle(own);
        }

        return newcomer.IsThisMachine || _strangers < Strangers
            ? null
            : LongestIdle(_clients.Where(static client => !client.Key.IsThisMachine).MaxBy(static client => client.Value.Count).Value);
    }

    /// <summary>The one that has waited longest for its client; where all are being answered, the one that takes longest.</summary>
    private static ClientConnection LongestIdle(List<ClientConnection> connections) =>
        connections.MinBy(static connection => (connection.IsAsking, connection.Since))!;

    /// <summary>Takes it out, once.</summary>
    private void Remove(ClientConnection connection)
    {
        if (_clients.TryGetValue(connection.Client, out var connections) && connections.Remove(connection))
        {
            _strangers -= connection.Client.IsThisMachine ? 0 : 1;
            if (connections.Count == 0)
            {
                _ = _clients.Remove(connection.Client);
            }
        }
    }

    [LoggerMessage(
        EventId = 40,
        Level = LogLevel.Warning,
        Message = "{Client} holds all {Count} HTTP connections that one client gets, its longest idle one was closed for its next: "
            + "find out what connects there without end")]
    private partial void LogClientFull(string client, int count);

    [LoggerMessage(
        EventId = 41,
        Level = LogLevel.Warning,
        Message = "Other machines hold all {Count} HTTP connections that they get: "
            + "the longest idle one of {Client}, which has most, was closed for another's")]
    private partial void LogStrangersFull(int count, string client);
}
