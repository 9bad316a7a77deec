using System.Net;

namespace Agent.EndToEndTests.Kernel;

/// <summary>A TCP socket as <c>ss -Htan</c> prints it.</summary>
/// <param name="State">In the report's words: close_wait, fin_wait2, time_wait ...</param>
/// <param name="Local">IPv4-mapped addresses as the IPv4 ones they are.</param>
/// <param name="Remote">Likewise.</param>
public sealed record SocketLine(string State, IPEndPoint Local, IPEndPoint Remote)
{
    public bool IsHalfClosed => State is "close_wait" or "fin_wait1" or "fin_wait2";

    public static SocketLine Parse(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var state = words[0] switch
        {
            "FIN-WAIT-1" => "fin_wait1",
            "FIN-WAIT-2" => "fin_wait2",
            "ESTAB" => "established",
            var other => other.Replace('-', '_').ToLowerInvariant(),
        };
        return new SocketLine(state, EndPoint(words[3]), EndPoint(words[4]));
    }

    public static IPEndPoint EndPoint(string text)
    {
        var colon = text.LastIndexOf(':');
        var host = text[..colon].Trim('[', ']');
        var address = host == "*" ? IPAddress.IPv6Any : IPAddress.Parse(host);
        return new IPEndPoint(
            address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address,
            text[(colon + 1)..] == "*" ? 0 : int.Parse(text.AsSpan(colon + 1), System.Globalization.CultureInfo.InvariantCulture));
    }
}
