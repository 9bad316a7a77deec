using System.Globalization;
using System.Net.Sockets;
using Agent.KernelTests.Sources;

namespace Agent.KernelTests.Model;

/// <summary>
/// Connections opened, used, half-closed, finished, reset and forgotten at random on the real kernel, and what must be true of
/// them afterwards. The same seed gives the same history.
/// </summary>
internal sealed class RandomHistory(RoutedNetwork network, int seed) : IDisposable
{
    private const int MaxConnections = 60;
    private const int MaxForgotten = 6;

    /// <summary>Until then the port has not been seen to close without last words, and bytes of the size of an alert may be one.</summary>
    private const int QuietAfterBatches = 10;

    private readonly Random _random = new(seed);
    private readonly List<ModelConnection> _connections = [];
    private readonly SortedDictionary<string, int> _ends = new(StringComparer.Ordinal);
    private int _batch;

    /// <summary>What was done, a line each, for whoever reads a failure.</summary>
    public List<string> Log { get; } = [];

    /// <summary>How often each kind of end came about, by role; a kind that is not there never did.</summary>
    public IReadOnlyDictionary<string, int> Ends => _ends;

    /// <summary>Requests that were unread when the server closed.</summary>
    public int RequestsLost { get; private set; }

    public int Count(ConnectionPhase phase) => _connections.Count(connection => connection.Phase == phase);

    public int Forgotten => _connections.Count(static connection => connection.Forgotten);

    /// <summary>Bytes unread in half-closed sockets of the server.</summary>
    public int UnreadBytes =>
        _connections.Where(static connection => connection.Phase == ConnectionPhase.ClientClosed).Sum(static connection => connection.UnreadBytes);

    /// <summary>True once in so many times.</summary>
    public bool Toss(int oneIn) => _random.Next(oneIn) == 0;

    /// <summary>A few steps. No connection is touched twice in one batch, so that idle ones have been so since the last.</summary>
    public void Step(int steps)
    {
        _batch++;
        for (var i = 0; i < steps; i++)
        {
            if (_connections.Count < 5 || (_connections.Count < MaxConnections && _random.Next(3) == 0))
            {
                Open();
                continue;
            }

            if (Toss(15))
            {
                Refuse();
                continue;
            }

            var quiet = _connections.Where(connection => connection.Batch < _batch && !connection.Forgotten).ToArray();
            if (quiet.Length > 0)
            {
                var connection = quiet[_random.Next(quiet.Length)];
                Touch(connection);
                connection.Batch = _batch;
            }
        }

        foreach (var ended in _connections.Where(static connection => connection.Phase == ConnectionPhase.Ended).ToArray())
        {
            ended.Dispose();
            _connections.Remove(ended);
        }
    }

    public void Dispose() => _connections.ForEach(static connection => connection.Dispose());

    private void Open()
    {
        var translated = _random.Next(2) == 0;
        var (client, server) = network.Connect(translated ? network.ServiceAddress : network.ServerAddress, translated ? 80 : RoutedNetwork.ServerPort);
        var connection = new ModelConnection(client, server, translated, _batch);
        connection.Ask(20);
        connection.Answer();
        _connections.Add(connection);
        Say(connection, "opened");
    }

    /// <summary>
    /// An attempt at a port at which nobody listens, without waiting, as most programs do it. It never was a connection, so it has no end.
    /// </summary>
    private void Refuse()
    {
        using var socket = network.Client.Inside(static () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        socket.Blocking = false;
        try
        {
            socket.Connect(network.ServerAddress, RoutedNetwork.ServerPort + 1);
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            socket.Poll(TimeSpan.FromSeconds(5), SelectMode.SelectError);
        }

        Log.Add(string.Create(CultureInfo.InvariantCulture, $"batch {_batch}: refused"));
    }

    private void Touch(ModelConnection connection)
    {
        var byClient = _random.Next(2) == 0;
        switch (connection.Phase, _random.Next(6))
        {
            case (ConnectionPhase.Open, 0):
                Say(connection, "asked");
                connection.Ask(_batch > QuietAfterBatches ? 18 + _random.Next(300) : 200);
                break;
            case (ConnectionPhase.Open, 1) when connection.UnreadBytes > 0:
                Say(connection, "answered");
                connection.Answer();
                break;
            case (ConnectionPhase.Open, 2) when connection.UnreadBytes > 0:
                Say(connection, "closed by the server with a request unread");
                connection.CloseByServer();
                RequestsLost++;
                Ended("server reset_unread", "client reset_received");
                break;
            case (ConnectionPhase.Open, 3) when connection.UnreadBytes == 0:
                Say(connection, byClient ? "reset by the client" : "reset by the server");
                connection.Reset(byClient);
                Ended(byClient ? "server reset_received" : "client reset_received");
                break;
            case (ConnectionPhase.Open, _) when connection.UnreadBytes == 0 || byClient:
                Say(connection, byClient ? "half-closed by the client" : "half-closed by the server");
                connection.HalfClose(byClient);
                break;
            case (ConnectionPhase.ClientClosed, 0) when connection.UnreadBytes > 0:
                Say(connection, "answered after the client's end");
                connection.Answer();
                break;
            case (ConnectionPhase.ClientClosed or ConnectionPhase.ServerClosed, 1) when Forgotten < MaxForgotten && connection.UnreadBytes == 0:
                Say(connection, "forgotten by the tracker");
                network.Router.Execute("conntrack", "-D", "-p", "tcp", "--orig-port-src", connection.ClientPort.ToString(CultureInfo.InvariantCulture));
                connection.Forget();
                break;
            case (ConnectionPhase.ClientClosed, _) when connection.UnreadBytes == 0:
                Say(connection, "finished by the server");
                connection.Finish();
                Ended("server peer_first", "client closed_first_idle");
                break;
            case (ConnectionPhase.ServerClosed, _):
                Say(connection, "finished by the client");
                connection.Finish();
                Ended("server closed_first_idle", "client peer_first");
                break;
            default:
                break;
        }
    }

    private void Ended(params string[] kinds)
    {
        foreach (var kind in kinds)
        {
            _ends[kind] = _ends.GetValueOrDefault(kind) + 1;
        }
    }

    private void Say(ModelConnection connection, string what) =>
        Log.Add(string.Create(CultureInfo.InvariantCulture, $"batch {_batch}: {connection.ClientPort}{(connection.Translated ? " (translated)" : "")} {what}"));
}
