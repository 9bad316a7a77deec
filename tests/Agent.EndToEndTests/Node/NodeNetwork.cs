using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Agent.EndToEndTests.Node;

/// <summary>Sockets of a network namespace for this process to use: a socket keeps the namespace that it was made in.</summary>
internal static partial class NodeNetwork
{
    private const int CLONE_NEWNET = 0x40000000;

    /// <summary>A TCP socket bound to an address of the namespace that <paramref name="path"/> names.</summary>
    public static Socket Bind(string path, IPEndPoint address)
    {
        Socket? socket = null;
        ExceptionDispatchInfo? failure = null;
        // setns(2) changes the calling thread for good.
        var thread = new Thread(() =>
        {
            try
            {
                Enter(path);
                socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(address);
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
