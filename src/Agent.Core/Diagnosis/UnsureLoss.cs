using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>
/// What else may have happened where a server closed connections without a word to the first thing that came on them: port scans, slow
/// phones and senders of logs look like that on any healthy node.
/// </summary>
internal static class UnsureLoss
{
    private static readonly TimeSpan s_shortestTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_atOnce = TimeSpan.FromSeconds(0.2);

    // nginx, its controller, and what only starts them or holds the pod's namespaces.
    private static readonly ImmutableArray<string> s_beside = ["nginx", "nginx-ingress-c", "openresty", "dumb-init", "tini", "sh", "pause"];

    /// <summary>The other explanation, one sentence; null where requests were lost for all that is known.</summary>
    /// <param name="pod">Whose losses.</param>
    /// <param name="lost">Its losses of one role, cause and port.</param>
    public static string? Of(PodSnapshot pod, LostRequests lost)
    {
        // Where connections that had been answered before are cut, too, the others are no scans.
        if (lost is not { Role: EndRole.Server, Cause: LossCause.Unanswered, First: { } first } || first.Count < lost.Count)
        {
            return null;
        }

        if (!first.PortAnswers)
        {
            return "The server was never seen to send anything at this port: those who send logs or numbers want no answer.";
        }

        if (first.Waited < s_atOnce && ServerProtocol.OtherThanHttp(pod, lost.Port) is { } protocol)
        {
            return $"It closed them at once: a {protocol} server does so with whoever does not speak {protocol}, such as a port scan or an "
                + "HTTP health check.";
        }

        if (first.Waited < s_atOnce && IsNginx(pod))
        {
            return "It closed them at once: nginx does so with what it is told to refuse (return 444), such as scans of unknown hosts; a "
                + "worker that crashes looks the same.";
        }

        return first is { IsOneAge: true } && first.Waited >= s_shortestTimeout && !KillsSlowWorkers(pod)
            ? $"Each was the first on its connection and about {HumanText.Duration(first.Waited)} old: a client that never finishes its "
                + "request meets a server's time-out for that (client_header_timeout, timeout http-request) so; requests that take too "
                + "long and are cut look the same."
            : null;
    }

    /// <summary>Those of a pod's losses that are lost requests for all that is known; none where the ends are not watched.</summary>
    public static IEnumerable<LostRequests> Without(PodSnapshot pod) =>
        (pod.Ends?.RequestsLost ?? []).Where(lost => Of(pod, lost) is null);

    // It alone has a word for it. What runs beside it may be what had the request.
    private static bool IsNginx(PodSnapshot pod) =>
        pod.Programs.Any(static name => name == "nginx") && pod.Programs.All(static name => s_beside.Contains(name));

    // Its master kills a worker that is busy for too long, with the request it works at.
    private static bool KillsSlowWorkers(PodSnapshot pod) =>
        pod.Programs.Any(static name => name.StartsWith("gunicorn", StringComparison.Ordinal));
}
