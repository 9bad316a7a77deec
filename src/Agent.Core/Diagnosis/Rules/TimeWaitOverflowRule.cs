using Agent.Core.Model;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>A full table of TIME_WAIT sockets.</summary>
public sealed class TimeWaitOverflowRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "time-wait-overflow";

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "connections end without TIME_WAIT: its table is full",
        What = """
            Who closes a connection first keeps it in TIME_WAIT for 60s, to answer what still comes for it. A network namespace has room for
            net.ipv4.tcp_max_tw_buckets of them. Beyond that the kernel drops the connection at once: when the last acknowledgement is lost,
            or the other side has not finished sending, its packets are answered with a reset. Who closes so many connections first usually
            makes a new one for every request.
            """,
        Why = "Answers that are still on their way when the pod closes are cut off with a reset, and what the kernel knows of who closed "
            + "first is lost.",
        Seen = "TCPTimeWaitOverflow of the network namespace, and its sockets in TIME_WAIT.",
        Levels =
        [
            new(Severity.Info, "overflows since the namespace was made, in a single scan"),
            new(Severity.Warning, "overflows that rise"),
        ],
        Needs = [SourceNames.Sockets],
        Checks =
        [
            new("overflows", "nsenter --net=/proc/$PID/ns/net nstat -az TcpExtTCPTimeWaitOverflow"),
            new(
                "limit and sockets",
                "nsenter --net=/proc/$PID/ns/net sh -c 'sysctl net.ipv4.tcp_max_tw_buckets; ss -tanH state time-wait | wc -l'"),
        ],
        Fixes =
        [
            new(
                "client, so that connections are used again",
                "keep-alive: nginx upstream {... keepalive 32;}, Node.js new http.Agent({ keepAlive: true }), Go: read each body"),
            new(
                "sysctl in the network namespace",
                "nsenter --net=/proc/$PID/ns/net sysctl -w net.ipv4.tcp_max_tw_buckets=262144",
                FixPlace.NodeShell),
        ],
        References = ["https://docs.kernel.org/networking/ip-sysctl.html"],
    };

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        foreach (var pod in context.Current.Pods)
        {
            var rise = CounterIncrease.OfPod(context, pod, static pod => pod.Counters?.TimeWaitOverflows);
            var sinceStart = context.Earlier.IsEmpty ? pod.Counters?.TimeWaitOverflows ?? 0 : 0;
            if (rise is { Amount: > 0 } || sinceStart > 0)
            {
                yield return Report(pod, rise, sinceStart);
            }
        }
    }

    private Finding Report(PodSnapshot pod, CounterIncrease? rise, ulong sinceStart)
    {
        var isRising = rise is { Amount: > 0 };
        var evidence = new List<string>
        {
            isRising
                ? $"TCPTimeWaitOverflow rose by {HumanText.Count(rise!.Value.Amount)} in {HumanText.Duration(rise.Value.Over)} "
                    + $"({HumanText.Rate(rise.Value.Rate)}): so many connections ended without TIME_WAIT."
                : $"TCPTimeWaitOverflow is {HumanText.Count(sinceStart)} since the network namespace was made. {CounterIncrease.RunTwice}",
        };
        if (pod.Tcp is { } tcp)
        {
            evidence.Add($"{HumanText.Count(tcp[TcpState.TimeWait], "socket")} in TIME_WAIT now; the limit is "
                + "net.ipv4.tcp_max_tw_buckets.");
        }

        return Explanation.Report(
            isRising ? Severity.Warning : Severity.Info,
            pod,
            isRising
                ? $"the TIME_WAIT table of {pod.Identity.DisplayName} is full: "
                    + $"{HumanText.Count((long)rise!.Value.Amount, "connection")} ended without it in {HumanText.Duration(rise.Value.Over)}"
                : $"the TIME_WAIT table of {pod.Identity.DisplayName} has been full since its network namespace was made",
            evidence,
            (long)(rise?.Amount ?? sinceStart));
    }
}
