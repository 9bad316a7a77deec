using System.Net;
using System.Net.Sockets;

namespace Agent.KernelTests.Testing;

/// <summary>A connection over loopback, made in the namespace of the calling thread.</summary>
internal sealed class TcpPair : IDisposable
{
    private TcpPair(Socket listener, Socket client, Socket? server)
    {
        Listener = listener;
        Client = client;
        Server = server;
    }

    public Socket Listener { get; }

    public Socket Client { get; }

    /// <summary>Null when the connection was not accepted.</summary>
    public Socket? Server { get; }

    public int Port => ((IPEndPoint)Listener.LocalEndPoint!).Port;

    /// <summary>Listens, connects, and accepts unless told not to.</summary>
    /// <param name="bind">Where to listen.</param>
    /// <param name="connect">Where to connect to; null for the same address.</param>
    /// <param name="accept">False leaves the connection in the accept queue.</param>
    public static TcpPair Open(IPAddress bind, IPAddress? connect = null, bool accept = true)
    {
        connect ??= bind;
        var listener = new Socket(bind.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (bind.Equals(IPAddress.IPv6Any))
        {
            listener.DualMode = true;
        }

        listener.Bind(new IPEndPoint(bind, 0));
        listener.Listen(7);
        var client = new Socket(connect.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(connect, ((IPEndPoint)listener.LocalEndPoint!).Port);
        return new(listener, client, accept ? listener.Accept() : null);
    }

    public void Dispose()
    {
        Client.Dispose();
        Server?.Dispose();
        Listener.Dispose();
    }
}
