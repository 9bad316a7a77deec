using Agent.Core.Model;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>FIN_WAIT2 sockets that stay: peers do not finish closing.</summary>
public sealed class FinWait2PileUpRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "fin-wait2-pile-up";

    // So many times Diagnosis:LeakCount: more than the clients that vanish from a busy public server within tcp_fin_timeout.
    private const int Many = 10;

    private static readonly TimeSpan s_passing = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "peers never finish closing what the pod has closed",
        What = """
            A socket in FIN_WAIT2 waits for the peer's FIN. When the application has closed it completely the kernel forgets it after
            tcp_fin_timeout (1m); when it has only shut down its sending side, it waits for ever. The peer is the one to repair: it sits in
            CLOSE_WAIT over there.
            """,
        Why = "The peers hold dead connections: a pool of theirs is full of them, and here each takes a port or a descriptor.",
        Seen = $"""
            FIN_WAIT2 sockets, from Diagnosis:LeakCount ({Thresholds.Default.LeakCount}) on, each of which stays for
            {HumanText.Duration(s_passing)} or more. When the other ends are sockets of a pod on this node that leaks, close-wait-leak
            is the cause.
            """,
        Levels =
        [
            new(Severity.Info, "they go away when the kernel's time-out ends"),
            new(
                Severity.Warning,
                $"{Many} times as many, or older than Diagnosis:LeakAge ({HumanText.Duration(Thresholds.Default.LeakAge)}) and still owned "
                + "by a process"),
        ],
        Needs = [SourceNames.Sockets],
        Checks =
        [
            new("the sockets and who the peers are", "nsenter --net=/proc/$PID/ns/net ss -tnpoH state fin-wait-2"),
            new("how long the kernel waits", "nsenter --net=/proc/$PID/ns/net sysctl net.ipv4.tcp_fin_timeout"),
        ],
        Fixes =
        [
            new("the peers' pods", "closewatch explain close-wait-leak"),
            new(
                "pod spec, to wait for less",
                "securityContext: {sysctls: [{name: net.ipv4.tcp_fin_timeout, value: \"15\"}]}",
                FixPlace.Pod),
            new(
                "Node.js, a server that waits for the other half",
                "http.createServer(handler).on('connection', socket => socket.setTimeout(60000, () => socket.destroy()));",
                FixPlace.Of(ServerRuntime.NodeJs)),
        ],
        References =
        [
            "https://docs.kernel.org/networking/ip-sysctl.html",
            "https://www.rfc-editor.org/rfc/rfc9293#section-3.6",
        ],
        FollowsFrom =
        [
            new(CloseWaitLeakRule.Id, CauseReach.SameSubject),
        ],
    };

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        var leaking = context.Current.Pods
            .Where(pod => Leak.IsOne(context, pod))
            .Select(static pod => pod.Identity)
            .ToHashSet();
        foreach (var pod in context.Current.Pods)
        {
            var passing = Passing(context.Options);
            var count = pod.HalfClosed.FinWait2Ages.From(passing);
            var sample = context.ConnectionsOf(pod)
                .Where(connection => connection.State == TcpState.FinWait2 && connection.SilentFor >= passing)
                .ToList();
            if (count < context.Options.LeakCount)
            {
                continue;
            }

            var held = sample.Any(connection => connection.Inode != 0 && connection.SilentFor >= context.Options.LeakAge);
            var history = context.HistoryOf(pod.Identity).ToList();
            List<string> evidence = [
                $"{HumanText.Count(count, "socket")} in FIN_WAIT2 for {HumanText.Duration(passing)} or longer: the pod has closed, the "
                + "peers have not.",
            ];
            evidence.Add(held
                ? "Some still belong to a process, which waits for the rest of the peer's data: these have no time-out."
                : "Those that no process owns any more go away after tcp_fin_timeout (1m).");
            if (HalfClosedText.Processes(sample) is { Length: > 0 } processes)
            {
                evidence.Add($"Owner: {processes}.");
            }

            if (history.Count > 0)
            {
                evidence.Add($"{HumanText.Duration(context.Current.TakenAt - history[0].TakenAt)} ago there were "
                    + $"{HumanText.Count(history[0].Pod.HalfClosed.FinWait2Ages.From(passing))}.");
            }

            var finding = Explanation.Report(
                held || count >= Many * context.Options.LeakCount ? Severity.Warning : Severity.Info,
                pod,
                $"{pod.Identity.DisplayName} waits for the peers of {HumanText.Count(count, "connection")} to finish closing",
                evidence,
                count) with
            { Examples = HalfClosedText.Examples(sample) };
            yield return Leaks(sample, leaking) is { Count: > 0 } leaks ? OfLeaks(finding, leaks) : finding;
        }
    }

    // The peers that never finish, where they are pods of this node and known to leak: those of most of the sample, the one with most of
    // them first.
    private static List<PodIdentity> Leaks(List<HalfClosedConnection> sample, HashSet<PodIdentity> leaking)
    {
        var ends = sample.Where(connection => connection.OtherEnd is { } other && leaking.Contains(other)).ToList();
        return ends.Count * 2 > sample.Count
            ? [.. ends
                .GroupBy(static connection => connection.OtherEnd!)
                .OrderByDescending(static end => end.Count())
                .ThenBy(static end => end.Key.DisplayName, StringComparer.Ordinal)
                .Select(static end => end.Key)]
            : [];
    }

    private static Finding OfLeaks(Finding finding, List<PodIdentity> leaks) => finding with
    {
        CausedBy = CloseWaitLeakRule.Id,
        CauseSubject = FindingSubject.Of(leaks[0]),
        Fix = [.. CloseWaitLeakRule.AllFixes.Where(static fix => fix.AppliesTo.Runtime is not null)],
        Evidence = finding.Evidence.Add("The other ends are sockets of "
            + $"{string.Join(", ", leaks.Select(static leak => leak.DisplayName))}."),
    };

    private static TimeSpan Passing(Thresholds options) => options.LeakAge < s_passing ? options.LeakAge : s_passing;
}
