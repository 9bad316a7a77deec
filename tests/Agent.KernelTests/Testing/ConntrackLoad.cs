using System.Globalization;

namespace Agent.KernelTests.Testing;

/// <summary>
/// Writes a file for <c>conntrack -R</c>: a mixture as a busy node has it, IPv4 and IPv6, TCP in every state, NAT, marks
/// and zones, and every other protocol that the kernel tells apart, with some that it does not. Each entry lasts an hour.
/// </summary>
internal static class ConntrackLoad
{
    private static readonly string[] s_tcpStates =
    [
        "ESTABLISHED", "ESTABLISHED", "ESTABLISHED", "TIME_WAIT", "TIME_WAIT", "CLOSE_WAIT", "FIN_WAIT", "LAST_ACK",
        "CLOSE", "SYN_SENT", "SYN_RECV", "SYN_SENT2", "NONE",
    ];

    private static readonly string[] s_sctpStates =
        ["CLOSED", "COOKIE_WAIT", "COOKIE_ECHOED", "ESTABLISHED", "SHUTDOWN_SENT", "SHUTDOWN_RECD", "SHUTDOWN_ACK_SENT"];

    private static readonly int[] s_otherProtocols = [2, 50, 51, 89, 103];

    /// <summary>Writes a given number of entries.</summary>
    public static void Write(string path, int count)
    {
        using var writer = new StreamWriter(path);
        for (var index = 0; index < count; index++)
        {
            writer.WriteLine(Line(index));
        }
    }

    private static string Line(int index)
    {
        var isIPv6 = index % 5 == 4;
        var extras = (index % 7 == 0 ? $" -m {index + 1}" : "") + (index % 97 == 0 ? " -w 7" : "");
        var status = index % 3 == 0 ? "" : " -u SEEN_REPLY,ASSURED";
        var rest = (index % 20) switch
        {
            < 13 => Tcp(index, isIPv6),
            < 16 => Ports(index, isIPv6, "udp"),
            16 => Ports(index, isIPv6, "sctp") + $" --state {s_sctpStates[index / 20 % s_sctpStates.Length]} --orig-vtag 1 --reply-vtag 2",
            17 => Icmp(index, isIPv6),
            18 => index % 40 == 18 ? Gre(index) : Ports(index, isIPv6, "udplite"),
            _ => Addresses(index, isIPv6, service: false) + $" -p {s_otherProtocols[index / 20 % s_otherProtocols.Length]}",
        };
        return $"-A -t 3600{status}{extras}{rest}";
    }

    private static string Tcp(int index, bool isIPv6) =>
        Ports(index, isIPv6, "tcp") + $" --state {s_tcpStates[index % s_tcpStates.Length]}";

    /// <summary>Every other connection goes to a service address and is translated to a pod's address and port.</summary>
    private static string Ports(int index, bool isIPv6, string protocol)
    {
        var service = index % 2 == 0;
        var port = 1024 + (index % 60_000);
        return Addresses(index, isIPv6, service)
            + $" -p {protocol} --sport {port} --dport 80 --reply-port-src {(service ? 8080 : 80)} --reply-port-dst {port}";
    }

    private static string Icmp(int index, bool isIPv6) => Addresses(index, isIPv6, service: false) + (isIPv6
        ? $" -p icmpv6 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id {index % 65_536}"
        : $" -p icmp --icmp-type 8 --icmp-code 0 --icmp-id {index % 65_536}");

    private static string Gre(int index) =>
        Addresses(index, isIPv6: false, service: false) + $" -p gre --srckey {index % 65_536} --dstkey 7 --reply-key-src 7 --reply-key-dst {index % 65_536}";

    private static string Addresses(int index, bool isIPv6, bool service)
    {
        var client = isIPv6
            ? string.Create(CultureInfo.InvariantCulture, $"fd00:10:244::{index >> 16:x}:{index & 0xFFFF:x}")
            : string.Create(CultureInfo.InvariantCulture, $"10.{index >> 16 & 0xFF}.{index >> 8 & 0xFF}.{index & 0xFF}");
        var server = isIPv6 ? "fd00:10:96::a" : "10.96.0.10";
        var backend = !service ? server : isIPv6 ? "fd00:10:244:1::7" : "10.244.1.7";
        return $" -s {client} -d {server} -r {backend} -q {client}";
    }
}
