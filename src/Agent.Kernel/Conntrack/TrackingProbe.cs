using System.Net;
using System.Net.Sockets;
using Agent.Kernel.Net;

namespace Agent.Kernel.Conntrack;

/// <summary>
/// Finds out whether a network namespace tracks connections at all: sends one byte over UDP from a loopback port to itself
/// and asks conntrack for the entry. A namespace tracks only while some rule in it needs that, which nothing in /proc shows;
/// an empty table may have forgotten everything or never have known anything.
/// </summary>
/// <remarks>Leaves one UDP entry, which is gone after nf_conntrack_udp_timeout (30 s).</remarks>
public static class TrackingProbe
{
    private const byte Udp = 17;

    /// <summary>Probes the calling thread's network namespace.</summary>
    /// <param name="conntrack">Opened in the same namespace.</param>
    /// <param name="inet6">IPv6 instead of IPv4: each family is tracked by itself.</param>
    /// <returns>Null when the probe could not be sent (no loopback device, no such family).</returns>
    /// <exception cref="KernelException">The look-up was refused.</exception>
    public static bool? IsTracking(ConntrackNetlink conntrack, bool inet6)
    {
        var loopback = inet6 ? IPAddress.IPv6Loopback : IPAddress.Loopback;
        try
        {
            using var socket = new Socket(loopback.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(loopback, 0));
            var local = (IPEndPoint)socket.LocalEndPoint!;
            socket.Connect(local);
            socket.Send([0]);
            Span<byte> bytes = stackalloc byte[16];
            if (!loopback.TryWriteBytes(bytes, out var length) || !IpAddress.TryRead(bytes[..length], out var address))
            {
                return null;
            }

            var port = (ushort)local.Port;
            return conntrack.TryLookup(Udp, new ConnectionTuple(address, address, port, port), out _);
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
