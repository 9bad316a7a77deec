using System.Text.Json;
using Agent.KernelTests.Testing;

namespace Agent.KernelTests.Ends;

/// <summary>What a report says of how the connections of a network namespace ended.</summary>
internal sealed class EndsOf(JsonElement pod)
{
    /// <summary>Ends of which nobody can say whether a request was lost.</summary>
    public long LossUnknown => Ends.GetProperty("lossUnknown").GetInt64();

    /// <summary>Lost requests of servers, at all ports.</summary>
    public long AllLost => LostRequests.Sum(static lost => lost.Count);

    private JsonElement Ends => pod.GetProperty("ends");

    private IEnumerable<(string Role, string Cause, int Port, long Count)> LostRequests => pod.GetProperty("requestsLost").EnumerateArray().Select(static lost =>
        (lost.GetProperty("role").GetString()!, lost.GetProperty("cause").GetString()!, lost.GetProperty("port").GetInt32(), lost.GetProperty("count").GetInt64()));

    /// <summary>Of a namespace by its name of <c>ip netns</c>.</summary>
    public static EndsOf Read(JsonElement report, NetworkNamespaceFixture network) => Read(report, $"netns:{network.Name}");

    /// <summary>The same in the report of somebody who does not see that name.</summary>
    public static EndsOf ReadNameless(JsonElement report, NetworkNamespaceFixture network) => Read(report, $"netns:{network.Numbers.Inode}");

    public long Lost(string role, int port) => LostRequests.Where(lost => lost.Role == role && lost.Port == port).Sum(static lost => lost.Count);

    /// <summary>Ends of one role, whatever they were.</summary>
    public long Total(string role) => Ends.GetProperty(role).EnumerateObject().Sum(static kind => kind.Value.GetInt64());

    public long Kind(string role, string kind) => Ends.GetProperty(role).GetProperty(kind).GetInt64();

    private static EndsOf Read(JsonElement report, string name)
    {
        var pod = report.GetProperty("pods").EnumerateArray().FirstOrDefault(pod => pod.GetProperty("name").GetString() == name);
        return pod.ValueKind == JsonValueKind.Object ? new(pod) : throw new InvalidOperationException($"{name} is not in the report");
    }

    public override string ToString() => $"{Ends} {pod.GetProperty("requestsLost")}";
}
