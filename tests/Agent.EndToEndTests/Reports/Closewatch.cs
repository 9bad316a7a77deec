using Agent.EndToEndTests.Kubernetes;
using Agent.EndToEndTests.Node;

namespace Agent.EndToEndTests.Reports;

/// <summary>Runs the program that was built with these tests as a process of the node.</summary>
public static class Closewatch
{
    /// <summary>Drops all that root has beyond being uid 0, as the restricted tier does.</summary>
    private static readonly string[] s_withoutCapabilities = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--"];

    public static Task<CommandResult> RunClosewatchAsync(this PodNode node, params IReadOnlyList<string> arguments) =>
        node.RunAsync([Repository.Closewatch, .. arguments]);

    /// <summary>A scan of its own, not of an agent that may run, with up to 50 half-closed connections of each pod, the most that it gives.</summary>
    public static Task<NodeReport> ReportAsync(this PodNode node, params IReadOnlyList<string> arguments) => ReadAsync(node, [], arguments);

    /// <summary>The same without any capability.</summary>
    public static Task<NodeReport> ReportWithoutCapabilitiesAsync(this PodNode node, params IReadOnlyList<string> arguments) =>
        ReadAsync(node, s_withoutCapabilities, arguments);

    /// <summary>A report of a program that may ask the API server.</summary>
    internal static Task<NodeReport> ReportAsync(this PodNode node, NodeApi api, params IReadOnlyList<string> arguments) =>
        ReadAsync(node, ["env", .. api.Environment.Select(pair => $"{pair.Key}={pair.Value}")], ["--Pods:Source=kubernetes", .. arguments]);

    private static async Task<NodeReport> ReadAsync(PodNode node, IReadOnlyList<string> prefix, IReadOnlyList<string> arguments)
    {
        var result = await node.RunAsync([.. prefix, Repository.Closewatch, "report", "--fresh", "-o", "json", "--top", "1000", "--connections", "50", .. arguments]);
        return new NodeReport(result.Checked().Output);
    }
}
