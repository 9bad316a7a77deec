using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Agent.EndToEndTests.Node;

/// <summary>Sockets of a network namespace for this process to use: a socket keeps the namespace that it was made in.</summary>
internal static partial class NodeNetwork
{
    private const int CLONE_NEWNET = 0x40000000;

    /// <summary>A client whose connections are made in the namespace that <paramref name="path"/> names, a new one for each request.</summary>
    public static HttpClient Client(string path)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (context, cancellation) =>
            {
                var socket = Open(path, context.DnsEndPoint.Host.Contains(':', StringComparison.Ordinal) ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork);
                try
                {
                    await socket.ConnectAsync(context.DnsEndPoint, cancellation);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
        return new HttpClient(handler) { DefaultRequestHeaders = { ConnectionClose = true } };
    }

    /// <summary>A TCP socket of the namespace that <paramref name="path"/> names.</summary>
    public static Socket Open(string path, AddressFamily family)
    {
        Socket? socket = null;
        ExceptionDispatchInfo? failure = null;
        // setns(2) changes the calling thread for good.
        var thread = new Thread(() =>
        {
            try
            {
                Enter(path);
                socket = new Socket(family, SocketType.Stream, ProtocolType.Tcp);
            }
            catch (Exception exception)
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
        return socket!;
    }

    private static void Enter(string path)
    {
        using var file = File.OpenHandle(path);
        if (SetNamespace((int)file.DangerousGetHandle(), CLONE_NEWNET) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"setns({path})");
        }
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(int descriptor, int type);
}
