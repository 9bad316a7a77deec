using Agent.Kernel.Netlink;
using static Agent.Kernel.Interop.NetlinkConstants;
using static Agent.Kernel.Interop.SockDiagConstants;

namespace Agent.Kernel.Ends;

/// <summary>
/// One socket that hears how the connections of a network namespace end. It keeps its namespace alive until it is closed.
/// </summary>
internal sealed class ConnectionEndSocket : IDisposable
{
    private readonly NetlinkSocket _socket;
    private readonly bool _tellsDrops;
    private long _overruns;
    private uint _lastDrops;
    private bool _isJoined;

    private ConnectionEndSocket(NetlinkSocket socket, int receiveBufferBytes)
    {
        _socket = socket;
        ReceiveBufferBytes = socket.GrowReceiveBuffer(receiveBufferBytes);
        _tellsDrops = socket.TryReadDrops(out _);
        if (_tellsDrops)
        {
            socket.SurviveOverruns();
        }
    }

    /// <summary>Room for messages that were not read yet.</summary>
    public int ReceiveBufferBytes { get; }

    /// <summary>For requests about the socket itself.</summary>
    public NetlinkSocket Netlink => _socket;

    /// <summary>Opens a socket in the network namespace of the calling thread.</summary>
    /// <exception cref="KernelException">ENOENT or EINVAL: no tcp_diag in this kernel, or it is older than 4.2.</exception>
    public static ConnectionEndSocket Open(int receiveBufferBytes)
    {
        var netlink = NetlinkSocket.Open(NETLINK_SOCK_DIAG, TimeSpan.Zero);
        try
        {
            return new(netlink, receiveBufferBytes);
        }
        catch
        {
            netlink.Dispose();
            throw;
        }
    }

    /// <summary>Begins to hear. Loads tcp_diag where it is a module.</summary>
    /// <exception cref="KernelException">As for <see cref="Open"/>.</exception>
    public void Join()
    {
        if (!_isJoined)
        {
            _socket.Join(SKNLGRP_INET_TCP_DESTROY);
            _socket.Join(SKNLGRP_INET6_TCP_DESTROY);
            _isJoined = true;
        }
    }

    /// <summary>Hears nothing more: where nobody listens, the kernel has no work either. What it has sent stays to be received.</summary>
    /// <exception cref="KernelException">The kernel refused it.</exception>
    public void Leave()
    {
        if (_isJoined)
        {
            _socket.Leave(SKNLGRP_INET_TCP_DESTROY);
            _socket.Leave(SKNLGRP_INET6_TCP_DESTROY);
            _isJoined = false;
        }
    }

    /// <summary>Receives what is there, without waiting.</summary>
    /// <returns>How many datagrams the batch holds.</returns>
    public int Receive(NetlinkBatch batch)
    {
        try
        {
            return _socket.ReceiveMany(batch);
        }
        catch (KernelException exception) when (exception.Errno == ErrnoText.ENOBUFS)
        {
            // A kernel that does not count them: one at least was lost, and there is more to read.
            _overruns++;
            return _socket.ReceiveMany(batch);
        }
    }

    /// <summary>How many messages were lost since the last call. Any thread may call it, one at a time.</summary>
    public long TakeMissed()
    {
        if (!_tellsDrops || !_socket.TryReadDrops(out var drops))
        {
            return Interlocked.Exchange(ref _overruns, 0);
        }

        var missed = unchecked(drops - _lastDrops);
        _lastDrops = drops;
        return missed;
    }

    public void Dispose() => _socket.Dispose();
}
