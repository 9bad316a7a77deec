using System.Globalization;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Resets sent by a pod that closes idle connections first: requests came after the close.</summary>
public sealed class ResetOnReuseRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "reset-on-reuse";

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "requests arrive on connections that the pod has just closed",
        What = """
            The pod closed an idle connection, a request was already on its way, and the kernel answered with a reset. This is the 502
            itself; the cause is nearly always backend-closes-idle-first. The tracker's entry of such a connection goes FIN_WAIT,
            CLOSE_WAIT, CLOSE instead of LAST_ACK, TIME_WAIT.
            """,
        Why = "Each of these resets is a request that failed: the load balancer answers 502 to its client.",
        Seen = """
            OutRsts in the pod's network namespace rises by more than TCPAbortOnClose explains, or TCPAbortOnData rises, in a pod that
            closes idle connections first. TCPAbortOnClose counts where idle connections were seen to vanish meanwhile: a server that is too
            busy to read a request closes its connection with the request unread. Resets without idle closes have other causes and are not
            named.
            """,
        Levels =
        [
            new(Severity.Warning, "the idle closes are a guess"),
            new(Severity.Critical, "the idle closes were seen"),
        ],
        Explains = LossClaim.MetServersClose,
        Needs = [SourceNames.Sockets],
        Checks =
        [
            new(
                "resets and aborts in the pod's namespace",
                "nsenter --net=/proc/$PID/ns/net nstat -az TcpOutRsts TcpExtTCPAbortOnData TcpExtTCPAbortOnClose TcpEstabResets"),
            new(
                "the resets themselves",
                "nsenter --net=/proc/$PID/ns/net tcpdump -ni any 'tcp[tcpflags] & tcp-rst != 0 and src port $PORT'"),
        ],
        Fixes = KeepAliveFixes.All,
        References =
        [
            "https://nodejs.org/api/http.html#serverkeepalivetimeout",
            "https://www.rfc-editor.org/rfc/rfc9112#section-9.3.1",
        ],
        FollowsFrom =
        [
            new(BackendClosesIdleFirstRule.Id, CauseReach.SameSubject),
        ],
    };

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        foreach (var pod in context.Current.Pods)
        {
            // A reset alone has many causes: a closed port, a scan, an abort. Only with idle closes is it a request that came too late.
            if (Serving.IsTerminating(pod)
                || BackendClosesIdleFirstRule.Estimates(context, pod) is not [var worst, ..]
                || Resets.Of(context, pod, worst.Listener, worst.Estimate) is not { Amount: > 0 } resets)
            {
                continue;
            }

            var evidence = new List<string>
            {
                $"The pod sent {HumanText.Count((long)resets.Amount, "reset")} in {HumanText.Duration(resets.Over)} "
                + $"({HumanText.Rate(resets.Rate)}).",
                $"It closes idle connections at port {worst.Listener.Port} after about {HumanText.Duration(worst.Estimate.IdleTime)}.",
            };
            if (resets.Unread > 0)
            {
                evidence.Add($"TCPAbortOnClose rose by {HumanText.Count(resets.Unread)}: it was too busy to read a request before its "
                    + "time-out closed the connection.");
            }

            if (CounterIncrease.OfPod(context, pod, static pod => pod.Counters?.AbortOnData) is { Amount: > 0 } aborts)
            {
                evidence.Add($"TCPAbortOnData rose by {HumanText.Count(aborts.Amount)}: data came to connections that the application had "
                    + "already closed.");
            }

            if (CounterIncrease.OfPod(context, pod, static pod => pod.Counters?.EstablishedResets) is { Amount: > 0 } ended)
            {
                evidence.Add($"EstabResets rose by {HumanText.Count(ended.Amount)}.");
            }

            yield return Explanation.Report(
                worst.Estimate.IsSure ? Severity.Critical : Severity.Warning,
                pod,
                $"{pod.Identity.DisplayName} answered {HumanText.Count((long)resets.Amount, "request packet")} with a reset: they came on "
                + "idle connections that it was just closing",
                evidence,
                (long)resets.Amount,
                worst.Estimate.Sort(Explanation.Fixes),
                ("PORT", worst.Listener.Port.ToString(CultureInfo.InvariantCulture)),
                ("SECONDS", ((long)context.Options.Upstream.KeepAlive.TotalSeconds + 20)
                    .ToString(CultureInfo.InvariantCulture)));
        }
    }
}
