using System.Globalization;

namespace Agent.Benchmarks.Ends;

/// <summary>Sockets that hear conntrack events in the calling thread's network namespace (/proc/net/netlink).</summary>
internal static class NetlinkQueue
{
    private const string Netfilter = "12";
    private const uint DestroyedGroup = 1 << 2; // NFNLGRP_CONNTRACK_DESTROY is 3

    /// <summary>Bytes that wait to be read in each socket that hears of destroyed entries.</summary>
    public static long[] WaitingForDestroyed() =>
    [
        .. from line in File.ReadLines("/proc/thread-self/net/netlink").Skip(1)
           let fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
           where fields[1] == Netfilter && (uint.Parse(fields[3], NumberStyles.HexNumber, CultureInfo.InvariantCulture) & DestroyedGroup) != 0
           select long.Parse(fields[4], CultureInfo.InvariantCulture),
    ];
}
