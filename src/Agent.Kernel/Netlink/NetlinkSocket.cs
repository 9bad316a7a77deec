using System.Runtime.InteropServices;
using Agent.Kernel.Interop;
using Microsoft.Win32.SafeHandles;
using static Agent.Kernel.Interop.NetlinkConstants;
using static Agent.Kernel.Interop.SocketConstants;

namespace Agent.Kernel.Netlink;

/// <summary>An AF_NETLINK socket (netlink(7)). It keeps the network namespace that it was opened in. Not thread-safe.</summary>
public sealed unsafe partial class NetlinkSocket : SafeHandleMinusOneIsInvalid, INetlinkTransport
{
    private NetlinkSocket(int descriptor)
        : base(ownsHandle: true) => SetHandle(descriptor);

    /// <inheritdoc/>
    public uint PortId { get; private set; }

    /// <summary>Opens a socket in the network namespace of the calling thread.</summary>
    /// <param name="protocol">NETLINK_NETFILTER (12), NETLINK_SOCK_DIAG (4), ...</param>
    /// <param name="receiveTimeout">How long <see cref="Receive"/> waits for the kernel; zero or less waits for ever.</param>
    /// <exception cref="KernelException">
    /// EPROTONOSUPPORT: the protocol's module is not loaded. EPERM: a seccomp filter forbids it.
    /// </exception>
    public static NetlinkSocket Open(int protocol, TimeSpan receiveTimeout)
    {
        var descriptor = Libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
        if (descriptor < 0)
        {
            throw Failed($"socket(AF_NETLINK, {protocol})");
        }

        var socket = new NetlinkSocket(descriptor);
        try
        {
            socket.SetOptions(receiveTimeout);
            socket.PortId = socket.Bind();
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Send(ReadOnlySpan<byte> request)
    {
        fixed (byte* bytes = request)
        {
            while (Libc.send(this, bytes, (nuint)request.Length, 0) < 0)
            {
                if (Marshal.GetLastPInvokeError() != ErrnoText.EINTR)
                {
                    throw Failed("send(netlink)");
                }
            }
        }
    }

    /// <inheritdoc/>
    public int Receive(Span<byte> buffer)
    {
        fixed (byte* bytes = buffer)
        {
            while (true)
            {
                Libc.SockaddrNl sender;
                var senderLength = (uint)sizeof(Libc.SockaddrNl);
                var length = Libc.recvfrom(this, bytes, (nuint)buffer.Length, MSG_TRUNC, &sender, &senderLength);
                if (length >= 0)
                {
                    // Port 0 is the kernel; any process with the right may send to this socket too.
                    if (sender.nl_pid == 0)
                    {
                        return (int)length;
                    }

                    continue;
                }

                switch (Marshal.GetLastPInvokeError())
                {
                    case ErrnoText.EINTR:
                        continue;
                    case ErrnoText.EAGAIN:
                        throw new KernelException("recv(netlink)", ErrnoText.ETIMEDOUT, "the kernel did not answer in time");
                    default:
                        throw Failed("recv(netlink)");
                }
            }
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.close((int)handle) == 0;

    private void SetOptions(TimeSpan receiveTimeout)
    {
        // Kernels before 4.12 know neither option and answer ENOPROTOOPT: errors then come without
        // a message, which is not worth failing for.
        var on = 1;
        _ = Libc.setsockopt(this, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(int));
        _ = Libc.setsockopt(this, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(int));

        if (receiveTimeout > TimeSpan.Zero)
        {
            var microseconds = (nint)(receiveTimeout.Ticks / TimeSpan.TicksPerMicrosecond);
            var timeout = new Libc.Timeval { tv_sec = microseconds / 1_000_000, tv_usec = microseconds % 1_000_000 };
            if (Libc.setsockopt(this, SOL_SOCKET, SO_RCVTIMEO, &timeout, (uint)sizeof(Libc.Timeval)) < 0)
            {
                throw Failed("setsockopt(SO_RCVTIMEO)");
            }
        }
    }

    private uint Bind()
    {
        var address = new Libc.SockaddrNl { nl_family = AF_NETLINK };
        var length = (uint)sizeof(Libc.SockaddrNl);
        if (Libc.bind(this, &address, length) < 0)
        {
            throw Failed("bind(netlink)");
        }

        if (Libc.getsockname(this, &address, &length) < 0)
        {
            throw Failed("getsockname(netlink)");
        }

        return address.nl_pid;
    }

    private static KernelException Failed(string operation) => new(operation, Marshal.GetLastPInvokeError());
}
