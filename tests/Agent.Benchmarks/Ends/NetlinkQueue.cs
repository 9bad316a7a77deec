using System.Globalization;

namespace Agent.Benchmarks.Ends;

/// <summary>Sockets that hear conntrack events in the calling thread's network namespace (/proc/net/netlink).</summary>
internal static class NetlinkQueue
{
    private const string Netfilter = "12";
    private const uint DestroyedGroup = 1 << 2; // NFNLGRP_CONNTRACK_DESTROY is 3

    /// <summary>Of each socket that hears of destroyed entries the bytes that wait to be read, and how many messages its buffer did not take.</summary>
    public static (long Waiting, long Dropped)[] OfDestroyed() =>
    [
        .. from line in File.ReadLines("/proc/thread-self/net/netlink").Skip(1)
           let fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
           where fields[1] == Netfilter && (uint.Parse(fields[3], NumberStyles.HexNumber, CultureInfo.InvariantCulture) & DestroyedGroup) != 0
           select (long.Parse(fields[4], CultureInfo.InvariantCulture), long.Parse(fields[8], CultureInfo.InvariantCulture)),
    ];
}
