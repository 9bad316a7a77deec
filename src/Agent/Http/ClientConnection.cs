using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Agent.Http;

/// <summary>One connection of a client: since when it does what it does. A feature of the connection, so that a request finds it.</summary>
internal sealed class ClientConnection(ConnectionContext connection, ClientAddress client, TimeProvider time)
{
    /// <summary>A client that has sent no whole request head, nor ended a TLS handshake, for so long is cut off.</summary>
    public static readonly TimeSpan HeadTimeout = TimeSpan.FromSeconds(5);

    /// <summary>
    /// A client without a token that has asked for nothing for so long is closed. Longer than the shortest usual scrape interval (5 s)
    /// and shorter than the next one (10 s): nobody's next request meets the close.
    /// </summary>
    public static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(8);

    private enum Doing
    {
        /// <summary>No request yet.</summary>
        Connecting,
        Asking,
        Idle,
    }

    private long _since = time.GetTimestamp();
    private volatile Doing _doing = Doing.Connecting;

    public ClientAddress Client => client;

    /// <summary>Whether a request on it has had the bearer token: then it may be kept as long as the web server keeps any.</summary>
    public bool HasToken { get; set; }

    /// <summary>Whether a request on it is being answered now.</summary>
    public bool IsAsking => _doing == Doing.Asking;

    /// <summary>Since when it does what it does, as <see cref="TimeProvider.GetTimestamp"/> counts.</summary>
    public long Since => Volatile.Read(ref _since);

    /// <summary>Runs the answer to one request.</summary>
    public async Task AnswerAsync(Func<Task> answer)
    {
        Now(Doing.Asking);
        try
        {
            await answer().ConfigureAwait(false);
        }
        finally
        {
            Now(Doing.Idle);
        }
    }

    /// <summary>Ends it when it has done nothing for too long. The web server calls this every second.</summary>
    public void CloseIfOverdue()
    {
        var elapsed = time.GetElapsedTime(Since);
        switch (_doing)
        {
            case Doing.Connecting when elapsed > HeadTimeout:
                Abort("no request came");
                break;
            case Doing.Idle when !HasToken && elapsed > IdleTimeout:
                // What was answered last is still sent.
                connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
                break;
        }
    }

    /// <summary>Ends it at once, whatever is left to be sent.</summary>
    public void Abort(string reason) => connection.Abort(new ConnectionAbortedException(reason));

    private void Now(Doing doing)
    {
        Volatile.Write(ref _since, time.GetTimestamp());
        _doing = doing;
    }
}
