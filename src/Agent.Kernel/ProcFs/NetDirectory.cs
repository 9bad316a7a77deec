using Agent.Kernel.Net;
using Agent.Kernel.Netlink;
using Agent.Kernel.SockDiag;

namespace Agent.Kernel.ProcFs;

/// <summary>
/// The tables of one network namespace below a directory such as <c>/proc/42/net</c>. They are the namespace's of that process whoever
/// reads them, and need no privilege. Keeps one buffer for all namespaces; not thread-safe.
/// </summary>
public sealed class NetDirectory
{
    // What is longer is cut off.
    private const int MaxFileLength = 8 << 20;

    // snmp has some 1,500 bytes, sockstat 150.
    private const int MaxSmallFile = 8192;

    private readonly byte[] _small = new byte[3 * MaxSmallFile];
    private byte[] _buffer = new byte[64 * 1024];

    /// <summary>The TCP counters.</summary>
    /// <returns>Null when the namespace is gone.</returns>
    /// <exception cref="KernelException">A file may not be read.</exception>
    public TcpCounters? ReadCounters(string netPath)
    {
        var counters = new TcpCounters();
        if (!TryRead($"{netPath}/snmp", out var snmp) || !NetSnmp.TryParse(snmp, ref counters))
        {
            return null;
        }

        if (TryRead($"{netPath}/netstat", out var netstat))
        {
            _ = NetNetstat.TryParse(netstat, ref counters);
        }

        return counters;
    }

    /// <summary>What tells whether its sockets are as they were: three small files, about 50 us.</summary>
    /// <returns>Null when the files do not tell, or the namespace is gone.</returns>
    /// <exception cref="KernelException">A file may not be read.</exception>
    public SocketActivity? ReadActivity(string netPath)
    {
        var snmp = _small.AsSpan(0, MaxSmallFile);
        var sockstat = _small.AsSpan(MaxSmallFile, MaxSmallFile);
        var sockstat6 = _small.AsSpan(2 * MaxSmallFile, MaxSmallFile);
        if (!ProcFile.TryRead($"{netPath}/snmp", snmp, out var length)
            || !ProcFile.TryRead($"{netPath}/sockstat", sockstat, out var length4))
        {
            return null;
        }

        // Absent where IPv6 is off.
        _ = ProcFile.TryRead($"{netPath}/sockstat6", sockstat6, out var length6);
        return SocketActivity.Parse(snmp[..length], sockstat[..length4], sockstat6[..length6]);
    }

    /// <summary>Adds the namespace's addresses, IPv4 first, each once, without loopback and link-local ones.</summary>
    /// <returns>False when the namespace is gone.</returns>
    /// <exception cref="KernelException">A file may not be read.</exception>
    public bool ReadAddresses(string netPath, LocalAddresses addresses)
    {
        if (!TryRead($"{netPath}/fib_trie", out var trie, addresses.MaxBytes))
        {
            return false;
        }

        addresses.IsCut |= trie.Length >= addresses.MaxBytes;
        FibTrie.Parse(trie, addresses);

        // Absent where IPv6 is off.
        if (TryRead($"{netPath}/if_inet6", out var inet6, addresses.MaxBytes))
        {
            addresses.IsCut |= inet6.Length >= addresses.MaxBytes;
            IfInet6.Parse(inet6, addresses);
        }

        return true;
    }

    /// <summary>Adds the namespace's routes, without default routes.</summary>
    /// <exception cref="KernelException">A file may not be read.</exception>
    public void ReadRoutes(string netPath, ICollection<IpNetwork> networks)
    {
        if (TryRead($"{netPath}/route", out var inet))
        {
            NetRoute.ParseInet(inet, networks);
        }

        if (TryRead($"{netPath}/ipv6_route", out var inet6))
        {
            NetRoute.ParseInet6(inet6, networks);
        }
    }

    /// <summary>
    /// Hands the TCP sockets of both families to a sink: <c>tcp</c>, then <c>tcp6</c>, which is absent where IPv6 is off.
    /// </summary>
    /// <remarks>
    /// For each of the two the kernel walks its whole table of connections, whatever the namespace
    /// has: 2 to 4 ms with 262,144 buckets, ten times as long as sock_diag needs. So a family without
    /// sockets, which the small files <c>sockstat</c> and <c>sockstat6</c> tell, is left out.
    /// </remarks>
    /// <returns>False when the namespace is gone.</returns>
    /// <inheritdoc cref="NetTcp.TryDump" path="/exception"/>
    public bool TryDumpSockets<TSink>(
        string netPath,
        ref TSink sink,
        out DumpResult result,
        uint stateMask = TcpStates.All,
        CancellationToken cancellationToken = default)
        where TSink : ISocketSink, allows ref struct
    {
        result = default;
        if (!TryRead($"{netPath}/sockstat", out var text))
        {
            // Not in every captured tree: tcp decides whether there is anything here.
            text = default;
        }

        var inet = NetSockstat.MaybeSockets(text, "TCP:"u8);
        var timeWait = NetSockstat.MaybeTimeWait(text);
        if ((inet || timeWait) && !NetTcp.TryDump($"{netPath}/tcp", false, _buffer, ref sink, out result, stateMask, cancellationToken))
        {
            return false;
        }

        var inet6 = !TryRead($"{netPath}/sockstat6", out text) || NetSockstat.MaybeSockets(text, "TCP6:"u8);
        if ((inet6 || timeWait) && NetTcp.TryDump($"{netPath}/tcp6", true, _buffer, ref sink, out var more, stateMask, cancellationToken))
        {
            result = new(result.Messages + more.Messages, 0, false, result.Malformed + more.Malformed);
        }

        return true;
    }

    /// <summary>
    /// False only when the namespace has no TCP socket of any kind: then a dump, which walks the
    /// sockets of the whole machine, can be left out. Two small files, about 40 us.
    /// </summary>
    /// <exception cref="KernelException">A file may not be read.</exception>
    public bool MaybeSockets(string netPath) =>
        !TryRead($"{netPath}/sockstat", out var text) || NetSockstat.MaybeSockets(text, "TCP:"u8) || NetSockstat.MaybeTimeWait(text)
        || !TryRead($"{netPath}/sockstat6", out text) || NetSockstat.MaybeSockets(text, "TCP6:"u8);

    private bool TryRead(string path, out ReadOnlySpan<byte> text, int maxLength = MaxFileLength)
    {
        var found = ProcFile.TryReadAll(path, ref _buffer, maxLength, out var length);
        text = _buffer.AsSpan(0, Math.Min(length, maxLength));
        return found;
    }
}
