using System.Globalization;
using System.Net;

namespace Agent.EndToEndTests.Kernel;

/// <summary>A TCP entry as <c>conntrack -L</c> prints it.</summary>
/// <param name="State">In the report's words.</param>
/// <param name="ExpiresInSeconds">The time left.</param>
/// <param name="Original">Source and destination of the direction that began.</param>
/// <param name="Reply">Source and destination of the other.</param>
public sealed record FlowLine(string State, int ExpiresInSeconds, (IPEndPoint Source, IPEndPoint Destination) Original, (IPEndPoint Source, IPEndPoint Destination) Reply)
{
    public bool IsHalfClosed => State is "close_wait" or "fin_wait";

    /// <summary>Whether an end of it, as either direction names it, has this address.</summary>
    public bool Concerns(IPAddress address) =>
        ((IPEndPoint[])[Original.Source, Original.Destination, Reply.Source, Reply.Destination]).Any(end => end.Address.Equals(address));

    // tcp      6 3598 CLOSE_WAIT src=10.88.1.4 dst=10.96.0.50 sport=58274 dport=80 src=10.88.1.2 dst=10.88.1.4 sport=9000 dport=58274 [ASSURED] mark=0 use=1
    public static FlowLine Parse(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var values = words.Where(word => word.Contains('=', StringComparison.Ordinal)).Select(word => word[(word.IndexOf('=', StringComparison.Ordinal) + 1)..]).ToArray();
        return new FlowLine(words[3].ToLowerInvariant(), int.Parse(words[2], CultureInfo.InvariantCulture), Direction(values.AsSpan(0, 4)), Direction(values.AsSpan(4, 4)));
    }

    private static (IPEndPoint Source, IPEndPoint Destination) Direction(ReadOnlySpan<string> values) => (
        new IPEndPoint(IPAddress.Parse(values[0]), int.Parse(values[2], CultureInfo.InvariantCulture)),
        new IPEndPoint(IPAddress.Parse(values[1]), int.Parse(values[3], CultureInfo.InvariantCulture)));
}
