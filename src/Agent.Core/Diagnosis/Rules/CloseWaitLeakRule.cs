using System.Collections.Immutable;
using System.Globalization;
using Agent.Core.Model;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>CLOSE_WAIT sockets that stay: the application does not close what its peers closed.</summary>
public sealed class CloseWaitLeakRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "close-wait-leak";

    private static readonly FindingFix s_service = new(
        "until it is repaired, its service",
        "sudo systemctl restart \"$(ps -o unit= -p $PID)\"",
        FixPlace.NodeShell with { Subjects = FixSubjects.Node, AgentInPod = false });

    /// <summary>What helps at once, and the application's repair for each runtime.</summary>
    internal static ImmutableArray<FindingFix> AllFixes { get; } =
    [
        new("until it is repaired", "kubectl -n $NAMESPACE delete pod $POD", FixPlace.Pod),
        new("until it is repaired, all its pods", "kubectl -n $NAMESPACE rollout restart $ROLLOUT", FixPlace.Pod) { IsOfWorkload = true },
        s_service,
        new("Go", "defer resp.Body.Close(); io.Copy(io.Discard, resp.Body)", FixPlace.Of(ServerRuntime.Go)),
        new("Node.js", "res.resume(); socket.on('end', () => socket.end());", FixPlace.Of(ServerRuntime.NodeJs)),
        new("Python (requests)", "with requests.get(url, stream=True, timeout=30) as response: ...", FixPlace.Of(ServerRuntime.Python)),
        new(
            "Java",
            "try (CloseableHttpResponse response = client.execute(request)) { EntityUtils.consume(response.getEntity()); }",
            FixPlace.Of(ServerRuntime.Java)),
        new(
            ".NET",
            "using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token);",
            FixPlace.Of(ServerRuntime.DotNet)),
    ];

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "the application never closes what its peers have closed",
        What = """
            A socket in CLOSE_WAIT waits for its own application: the peer has closed and the kernel has no time-out for it. Common reasons:
            a response body that is not read to its end or not closed, an error path that forgets the connection, a pool that does not
            notice, a thread that is stuck.
            """,
        Why = "Every such socket holds a descriptor and often a worker: when they run out, the pod accepts nothing any more and "
            + "requests fail.",
        Seen = $"""
            CLOSE_WAIT sockets on which nothing has been sent for Diagnosis:LeakAge ({HumanText.Duration(Thresholds.Default.LeakAge)})
            since the peer closed, with owner process, growth, unread bytes and, where the peer is on this node, whether it still waits.
            Connections that the pod opened and keeps without unread data may be in a pool, which finds them closed when it uses them. A
            proxy in the same pod that has passed the close on shows as FIN_WAIT2 towards the application that is named.
            """,
        Levels =
        [
            new(Severity.Info, $"at least Diagnosis:LeakCount ({Thresholds.Default.LeakCount}) that may be a client's pool"),
            new(Severity.Warning, "at least as many that no pool keeps"),
            new(
                Severity.Critical,
                $"{Leak.Many} times as many, or Diagnosis:LeakCount more than in the oldest scan that is remembered; of a pool, when it "
                + "goes on growing"),
        ],
        Needs = [SourceNames.Sockets],
        Checks =
        [
            new("the sockets with their process", "nsenter --net=/proc/$PID/ns/net ss -tnpH state close-wait"),
            new("open descriptors against the limit", "ls /proc/$PID/fd | wc -l; grep 'open files' /proc/$PID/limits"),
            new("what the process does", "grep . /proc/$PID/task/*/wchan"),
        ],
        Fixes = AllFixes,
        References =
        [
            "https://www.rfc-editor.org/rfc/rfc9293#section-3.6",
            "https://github.com/kubernetes/kubernetes/issues/97377",
        ],
    };

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        foreach (var pod in context.Current.Pods)
        {
            if (Leak.Of(context, pod) is not { } leak)
            {
                continue;
            }

            var sample = context.ConnectionsOf(pod).Where(static connection => connection.State == TcpState.CloseWait).ToList();
            var process = sample.Select(static connection => connection.Process).Distinct().ToList() is [{ } only] ? only : null;
            var severity = leak.Severity(context.Options);
            var isPool = severity == Severity.Info;
            var what = $"{(isPool ? "keeps" : "does not close")} {HumanText.Count(leak.Sockets, "connection")} that its peers closed";
            yield return Explanation.Report(
                severity,
                pod,
                $"{pod.Identity.DisplayName} {what} more than {HumanText.Duration(context.Options.LeakAge)} ago"
                    + (isPool ? ", as a client's pool may" : ""),
                Evidence(context, pod, sample, leak),
                leak.Sockets,
                process is null ? AllFixes.Where(static fix => fix != s_service) : AllFixes,
                ("PID", (process?.Pid ?? 0).ToString(CultureInfo.InvariantCulture))) with
            {
                Examples = HalfClosedText.Examples(sample),
                Form = isPool ? "pool" : "",
                Brief = what,
            };
        }
    }

    private static IEnumerable<string> Evidence(
        DiagnosisContext context, PodSnapshot pod, List<HalfClosedConnection> sample, Leak leak)
    {
        var summary = pod.HalfClosed;
        var oldest = summary.Oldest is { } age ? $"; the oldest half-closed socket is {HumanText.Duration(age)} old" : "";
        yield return $"{HumanText.Count(summary.CloseWaitSockets, "socket")} in CLOSE_WAIT, "
            + $"{HumanText.Count(leak.Sockets)} of them older than {HumanText.Duration(context.Options.LeakAge)}, with nothing sent "
            + $"meanwhile{oldest}.";
        if (HalfClosedText.Processes(sample) is { Length: > 0 } processes)
        {
            yield return $"Owner: {processes}.";
        }

        if (summary.UnreadBytes > 0)
        {
            yield return $"{HumanText.Count(summary.UnreadBytes)} bytes lie unread in half-closed sockets: the application has stopped "
                + "reading them.";
        }

        if (leak.Abandoned > 0)
        {
            yield return $"On {HumanText.Count(leak.Abandoned)} of them nobody waits for an answer any more, or what came was never read.";
        }

        if (leak.Pooled > 0)
        {
            yield return $"The pod opened {HumanText.Count(leak.Pooled)} of them, and no data lies unread: a pool may keep them.";
        }

        if (leak.Growth > 0)
        {
            yield return $"{HumanText.Count(leak.Growth)} more than {HumanText.Duration(leak.Since)} ago: they accumulate.";
        }
        else if (leak.Since is null)
        {
            yield return "One scan does not show whether they accumulate; to be sure: closewatch report --window 60s";
        }

        // A proxy that waits for its application holds both legs: the one in CLOSE_WAIT, the other in FIN_WAIT2.
        if (sample.Where(connection => connection.OtherEnd == pod.Identity).ToList() is { Count: > 0 } behindProxy)
        {
            yield return $"{HumanText.Count(summary.FinWait2Sockets)} sockets in FIN_WAIT2 are a proxy's in this pod, which has passed the "
                + "close on: it is the application behind it that does not "
                + $"close{(HalfClosedText.Processes(behindProxy) is { Length: > 0 } application ? $", {application}" : "")}.";
        }
        else if (summary.FinWait2Sockets >= summary.CloseWaitSockets * 0.8 && summary.FinWait2Sockets <= summary.CloseWaitSockets * 1.2)
        {
            yield return $"{HumanText.Count(summary.FinWait2Sockets)} sockets in FIN_WAIT2 mirror them: a proxy in this pod holds both "
                + "legs, so look at the application behind it.";
        }
    }
}
