using System.Globalization;

namespace Agent.KernelTests.Conntrack;

/// <summary>
/// A file for <c>conntrack -R</c>: what the pods of a node fill its table with. Services with backends here and elsewhere, masquerading,
/// DNS, IPv6, zones, ping, clients from outside, forwarded connections, and one pod that scans a network.
/// </summary>
internal static class FilledTable
{
    public const string Node = "192.168.0.1";

    public static string PodAddress(int pod) => string.Create(CultureInfo.InvariantCulture, $"10.244.{pod / 250}.{(pod % 250) + 1}");

    public static string PodAddress6(int pod) => string.Create(CultureInfo.InvariantCulture, $"fd00:10:244::{pod + 1:x}");

    public static void Write(string path, int count, int pods)
    {
        using var writer = new StreamWriter(path);
        for (var index = 0; index < count; index++)
        {
            writer.WriteLine($"-A -t 3600{Line(index, pods)}");
        }
    }

    private static string Line(int index, int pods)
    {
        var pod = index / 20 % pods;
        var source = PodAddress(pod);
        var backend = PodAddress((pod + 1) % pods);
        var port = 1024 + (index / 20 / pods * 20) + (index % 20);
        var nodePort = 1024 + (index / 20 * 4) + (index % 4);
        return (index % 20) switch
        {
            < 5 => Ports("tcp", source, $"10.96.0.{(pod % 20) + 1}", port, 80, backend, source, 8080, port) + State(index),
            < 8 => Ports("tcp", source, $"10.96.1.{(pod % 5) + 1}", port, 80, "10.244.200.9", source, 8080, port) + State(index),
            < 12 => Ports("tcp", source, $"203.0.113.{(pod % 9) + 1}", port, 443, $"203.0.113.{(pod % 9) + 1}", Node, 443, nodePort) + State(index),
            < 15 => Ports("udp", source, "10.96.0.10", port, 53, "10.244.200.53", source, 53, port),
            15 => Ports("tcp", PodAddress6(pod), "2001:db8::1", port, 443, "2001:db8::1", PodAddress6(pod), 443, port) + State(index),
            16 => Ports("tcp", source, "198.51.100.7", port, 5432, "198.51.100.7", source, 5432, port) + State(index) + $" -w {7 + (index / 20 % 2)}",
            17 => Ports("tcp", Wide(index, 172), source, port, 80, source, Wide(index, 172), 80, port) + State(index),
            18 => Ports("tcp", PodAddress(0), Wide(index, 11), port, 22, Wide(index, 11), PodAddress(0), 22, port) + " --state SYN_SENT",
            _ when index % 40 == 19 => $" -u SEEN_REPLY -s {source} -d 9.9.9.9 -r 9.9.9.9 -q {source} -p icmp --icmp-type 8 --icmp-code 0 --icmp-id {index / 40 % 65_536}",
            _ => Ports("udp", Wide(index, 12), "100.64.0.1", port, 4789, "100.64.0.1", Wide(index, 12), 4789, port),
        };
    }

    private static string State(int index) => $" -u SEEN_REPLY,ASSURED --state {(index % 3) switch { 0 => "ESTABLISHED", 1 => "TIME_WAIT", _ => "CLOSE_WAIT" }}";

    private static string Wide(int index, int first) =>
        string.Create(CultureInfo.InvariantCulture, $"{first}.{index / 20 >> 16 & 0xFF}.{index / 20 >> 8 & 0xFF}.{index / 20 & 0xFF}");

    private static string Ports(
        string protocol, string source, string destination, int port, int destinationPort, string replySource, string replyDestination, int replyPort, int replyDestinationPort) =>
        $" -s {source} -d {destination} -r {replySource} -q {replyDestination} -p {protocol} --sport {port} --dport {destinationPort}"
        + $" --reply-port-src {replyPort} --reply-port-dst {replyDestinationPort}";
}
