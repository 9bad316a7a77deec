using System.Net.Sockets;
using System.Text;

namespace Agent.Hosting;

/// <summary>Tells systemd how the service is doing (sd_notify(3)); does nothing where nobody listens.</summary>
internal static class SystemdNotifier
{
    private const string Variable = "NOTIFY_SOCKET";

    public static void Notify(string state) => Notify(state, Environment.GetEnvironmentVariable(Variable));

    /// <summary>Sends a state, such as <c>READY=1</c>, to a socket by its path; a leading @ is the abstract namespace.</summary>
    internal static void Notify(string state, string? path)
    {
        if (string.IsNullOrEmpty(path))
        {
            return;
        }

        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.Blocking = false;
            socket.SendTo(Encoding.UTF8.GetBytes(state), new UnixDomainSocketEndPoint(path[0] == '@' ? "\0" + path[1..] : path));
        }
        catch (SocketException)
        {
            // The service works whether or not its manager hears of it.
            return;
        }
    }
}
