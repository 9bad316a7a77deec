using System.Net.Sockets;

namespace Agent.KernelTests.Model;

/// <summary>A connection of the random history: its two ends, and what the generator knows about them.</summary>
internal sealed class ModelConnection(Socket client, Socket server, bool translated, int batch) : IDisposable
{
    private static readonly byte[] s_bytes = new byte[512];

    public ConnectionPhase Phase { get; private set; } = ConnectionPhase.Open;

    /// <summary>Through the service address, so that its entry translates.</summary>
    public bool Translated { get; } = translated;

    /// <summary>Bytes that lie in the server's queue.</summary>
    public int UnreadBytes { get; private set; }

    /// <summary>The tracker's entry was deleted while the connection was half-closed.</summary>
    public bool Forgotten { get; private set; }

    /// <summary>The last batch that touched it: what follows in a later one comes after a second of silence.</summary>
    public int Batch { get; set; } = batch;

    public int ClientPort { get; } = ((System.Net.IPEndPoint)client.LocalEndPoint!).Port;

    /// <summary>The client asks, the server leaves it unread.</summary>
    public void Ask(int bytes)
    {
        client.Send(s_bytes, bytes, SocketFlags.None);
        UnreadBytes += bytes;
    }

    /// <summary>The server reads all that there is, answers, and the client takes the answer.</summary>
    public void Answer()
    {
        for (var left = UnreadBytes; left > 0;)
        {
            left -= server.Receive(s_bytes.Length > left ? new byte[left] : new byte[s_bytes.Length]);
        }

        UnreadBytes = 0;
        server.Send(s_bytes, 100, SocketFlags.None);
        for (var left = 100; left > 0;)
        {
            left -= client.Receive(new byte[left]);
        }
    }

    public void HalfClose(bool byClient)
    {
        (byClient ? client : server).Shutdown(SocketShutdown.Send);
        Phase = byClient ? ConnectionPhase.ClientClosed : ConnectionPhase.ServerClosed;
    }

    /// <summary>The other end closes too.</summary>
    public void Finish()
    {
        (Phase == ConnectionPhase.ClientClosed ? server : client).Dispose();
        Phase = ConnectionPhase.Ended;
    }

    /// <summary>One end closes with a reset: SO_LINGER with a time of zero.</summary>
    public void Reset(bool byClient)
    {
        var end = byClient ? client : server;
        end.LingerState = new LingerOption(true, 0);
        end.Dispose();
        Phase = ConnectionPhase.Ended;
    }

    /// <summary>The server closes at once; the kernel answers unread data with a reset.</summary>
    public void CloseByServer()
    {
        server.Dispose();
        Phase = ConnectionPhase.Ended;
    }

    public void Forget() => Forgotten = true;

    public void Dispose()
    {
        client.Dispose();
        server.Dispose();
    }
}
