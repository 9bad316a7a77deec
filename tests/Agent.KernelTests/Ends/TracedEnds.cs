using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;

namespace Agent.KernelTests.Ends;

/// <summary>What an agent's trace tells, line by line while it comes.</summary>
internal sealed class TracedEnds
{
    /// <summary>No server of the scene closes idle connections so soon, and a busy one closes as late after its last words.</summary>
    private const double LateSeconds = 0.5;

    private readonly ConcurrentQueue<string> _lines = [];

    public void Add(string line) => _lines.Enqueue(line);

    /// <summary>Each end at one port. For whoever reads a failure.</summary>
    public string Of(int port) => string.Join('\n', _lines.Where(line => line.Contains($":{port}\"", StringComparison.Ordinal)));

    /// <summary>How many there are of a kind.</summary>
    public int Count(int port, string role, string kind) => _lines.Count(line =>
        line.Contains($":{port}\"", StringComparison.Ordinal) && line.Contains($"\"role\":\"{role}\"", StringComparison.Ordinal)
        && line.Contains($"\"end\":\"{kind}\"", StringComparison.Ordinal) && !line.Contains("\"correction\"", StringComparison.Ordinal));

    /// <summary>
    /// The clients' ports of connections whose server's side tells of a lost request, and of those where one may be lost: a later line of the
    /// same connection corrects an earlier one.
    /// </summary>
    public (HashSet<int> Lost, HashSet<int> Maybe) LossesOfServer(int port)
    {
        HashSet<int> lost = [], maybe = [];
        foreach (var line in _lines.Where(static line => line.Contains("\"role\":\"server\"", StringComparison.Ordinal)))
        {
            using var json = JsonDocument.Parse(line);
            if (PortOf(json, "local") != port)
            {
                continue;
            }

            var client = PortOf(json, "remote");
            lost.Remove(client);
            maybe.Remove(client);
            if (json.RootElement.TryGetProperty("lost", out _))
            {
                lost.Add(client);
            }
            else if (json.RootElement.TryGetProperty("maybeLost", out _))
            {
                maybe.Add(client);
            }
        }

        return (lost, maybe);
    }

    /// <summary>
    /// The clients' ports of connections whose server took all that its client sent, and closed first as soon as it had said its last: whether
    /// its client asked within that tick of the clock or had its answer then, nothing that the kernel keeps of either side tells.
    /// </summary>
    public HashSet<int> HiddenByATick(int port)
    {
        var sent = new Dictionary<int, long>();
        var taken = new Dictionary<int, long>();
        foreach (var line in _lines.Where(static line => line.Contains("\"role\":", StringComparison.Ordinal)))
        {
            using var json = JsonDocument.Parse(line);
            var end = json.RootElement;
            if (PortOf(json, "remote") == port && end.GetProperty("role").GetString() == "client")
            {
                sent[PortOf(json, "local")] = end.GetProperty("sentBytes").GetInt64();
            }
            else if (PortOf(json, "local") == port && end.GetProperty("end").GetString() == "closed_first"
                && end.TryGetProperty("idleSeconds", out var idle) && idle.GetDouble() < LateSeconds)
            {
                taken[PortOf(json, "remote")] = end.GetProperty("receivedBytes").GetInt64();
            }
        }

        return [.. taken.Where(one => sent.GetValueOrDefault(one.Key) == one.Value).Select(static one => one.Key)];
    }

    private static int PortOf(JsonDocument json, string end)
    {
        var address = json.RootElement.GetProperty(end).GetString()!;
        return int.Parse(address[(address.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture);
    }
}
