using System.Globalization;
using Agent.EndToEndTests.Images;
using Agent.EndToEndTests.Node;
using Agent.EndToEndTests.Reports;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>Real servers that close idle connections, all at the same time: when clients see that, and what a running agent makes of it.</summary>
public sealed class IdleTimeScene(NodePool nodes) : NodeScene(nodes)
{
    private const int Closes = 6;

    private static readonly TimeSpan s_patience = ScanInterval.Patience(TimeSpan.FromSeconds(60));

    /// <summary>What came out, in the order of <see cref="IdleServers.All"/>.</summary>
    public IReadOnlyList<IdleTime> Times { get; private set; } = [];

    /// <summary>All that the agent has said.</summary>
    public IReadOnlyCollection<ReportedFinding> Findings { get; private set; } = [];

    protected override async Task PlayAsync(PodNode node)
    {
        var pods = await Task.WhenAll(IdleServers.All.Select(server => node.RunPodAsync(server.Pod)));
        await using var agent = await NodeAgent.StartAsync(node, "Collection:Interval=1s");
        await agent.ReadyAsync();
        await using var log = new FindingLog(agent);
        var clients = await node.RunPodAsync(WebImage.Pod(
            "clients", ["python3", "/web/idle.py", .. IdleServers.All.Zip(pods, static (server, pod) => $"{pod.Name}/{server.Protocol}/{pod.Ip}/{WebImage.Port}")]));
        List<string[]> measured = [];
        try
        {
            await Eventually.TrueAsync(
                "every server has closed some connections, and those that say nothing first are judged",
                async () =>
                {
                    measured = [.. (await node.OutputOfAsync(clients, "app")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.Split(' '))];
                    return pods.All(pod => Of(measured, pod).Count >= Closes
                        && (Of(measured, pod)[0].HasLastWords || Estimate(log.Last, pod, log) is { Seconds: not null, IsNamed: true }));
                },
                s_patience);
        }
        catch (TimeoutException)
        {
            // The tests say what is missing.
        }

        Findings = log.All;
        Times = [.. IdleServers.All.Zip(pods, (server, pod) => Summarize(server, Of(measured, pod), Estimate(log.Last, pod, log)))];
    }

    private static IdleTime Summarize(IdleServer server, List<(double Seconds, bool HasLastWords)> closes, (double? Seconds, bool IsNamed) estimate) => new(
        server,
        closes.Count == 0 ? null : closes.Select(static close => close.Seconds).Order().ElementAt(closes.Count / 2),
        closes.Count > 0 && closes[0].HasLastWords,
        estimate.Seconds,
        estimate.IsNamed);

    private static List<(double Seconds, bool HasLastWords)> Of(List<string[]> measured, Pod pod) =>
    [
        .. measured.Where(words => words.Length == 3 && words[0] == pod.Name)
            .Select(static words => (double.Parse(words[1], CultureInfo.InvariantCulture), words[2] == "1")),
    ];

    /// <summary>The median idle time at the server's closes, and whether a finding names the pod for it.</summary>
    private static (double? Seconds, bool IsNamed) Estimate(NodeReport? report, Pod pod, FindingLog log)
    {
        double? seconds = null;
        if (report is not null && report.Pod(pod).TryGetProperty("idleCloses", out var closes))
        {
            seconds = closes.EnumerateArray()
                .Where(static entry => entry.GetProperty("port").GetInt32() == WebImage.Port)
                .Select(static entry => (double?)entry.GetProperty("p50Seconds").GetDouble())
                .FirstOrDefault();
        }

        return (seconds, log.Has("backend-closes-idle-first", pod.Name, "info"));
    }
}

/// <summary>A row of the table.</summary>
/// <param name="Server">Which.</param>
/// <param name="Measured">Seconds from the answer to the close, as a client sees it (median); null where it saw none.</param>
/// <param name="HasLastWords">Whether the server says something before it closes.</param>
/// <param name="Estimated">Seconds by the ends of connections (median); null where there is no close of an idle connection.</param>
/// <param name="IsNamed">Whether a finding says so.</param>
public sealed record IdleTime(IdleServer Server, double? Measured, bool HasLastWords, double? Estimated, bool IsNamed);
