using Agent.Core.Model;
using Agent.Kernel.Conntrack;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Conntrack's close_wait timeout on the host and in every pod namespace that tracks connections, against the recommended one.</summary>
public sealed class CloseWaitTimeoutShortRule : IFindingRule
{
    // A connection that is being closed properly is half-closed for milliseconds; one that stays so for this long is waiting for something.
    private static readonly TimeSpan s_lasting = TimeSpan.FromSeconds(10);

    private const int NamesShown = 3;

    /// <inheritdoc/>
    public string Id => FindingIds.CloseWaitTimeoutShort;

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        var recommended = context.Options.CloseWaitTimeout;
        if (Short(context.Current.HostSettings, recommended) is { } host)
        {
            yield return OfHost(context, host);
        }

        foreach (var pod in context.Current.Pods)
        {
            if (OwnTable.Tracks(context, pod) && Short(pod.Settings, recommended) is { } own)
            {
                yield return OfPod(context, pod, own);
            }
        }
    }

    private static TimeSpan? Short(NetfilterSettings? settings, TimeSpan recommended) =>
        settings?.CloseWaitSeconds is { } seconds && TimeSpan.FromSeconds(seconds) is var timeout && timeout < recommended ? timeout : null;

    private Finding OfHost(DiagnosisContext context, TimeSpan timeout)
    {
        // Those whose own namespace forgets sooner than the host are the pod finding's victims; those that nothing tracks are nobody's.
        var pods = context.Current.Pods.Where(pod => pod.IsTracked != false && !(OwnTable.Tracks(context, pod) && Short(pod.Settings, context.Options.CloseWaitTimeout) is not null)).ToList();
        var untracked = pods.Sum(static pod => pod.HalfClosed.Untracked);
        var lasting = pods.Where(pod => IsLasting(pod.HalfClosed, timeout, context.Options)).ToList();
        var severity = untracked > 0 ? Severity.Critical : lasting.Count > 0 || HasLastingEntries(context.Current, timeout) ? Severity.Warning : Severity.Info;

        var evidence = new List<string>
        {
            $"net.netfilter.nf_conntrack_tcp_timeout_close_wait on the host is {Text.Duration(timeout)}; recommended is {Text.Duration(context.Options.CloseWaitTimeout)}.",
        };
        if (context.Current.Conntrack?.Flows?.HalfClosed is { } flows && flows.CloseWait + flows.FinWait > 0)
        {
            evidence.Add($"Half-closed entries in the host's table: {Text.Number(flows.CloseWait)} close_wait, {Text.Number(flows.FinWait)} fin_wait.");
        }

        AddVictims(evidence, pods, "already without an entry (untracked)", static pod => pod.HalfClosed.Untracked);
        AddVictims(evidence, pods, "about to lose their entry (expiring)", static pod => pod.HalfClosed.Expiring);
        return FindingCatalog.Get(Id).Report(
            severity,
            FindingSubject.Node(context.Current),
            Title("conntrack on this node", timeout, untracked),
            evidence,
            untracked + lasting.Sum(static pod => pod.HalfClosed.Sockets),
            OwnTable.FixesOfHost);
    }

    private Finding OfPod(DiagnosisContext context, PodSnapshot pod, TimeSpan timeout)
    {
        var summary = pod.HalfClosed;
        var severity = summary.Untracked > 0 ? Severity.Critical : IsLasting(summary, timeout, context.Options) ? Severity.Warning : Severity.Info;
        var evidence = new List<string>
        {
            $"nf_conntrack_tcp_timeout_close_wait in the pod's own network namespace is {Text.Duration(timeout)}; recommended is {Text.Duration(context.Options.CloseWaitTimeout)}.",
            $"The pod tracks its connections itself, as a service mesh does; entries in its table now: {Text.Number(pod.OwnTableEntries ?? 0)}.",
        };
        if (context.Current.HostSettings?.CloseWaitSeconds is { } host)
        {
            evidence.Add($"The host has {Text.Duration(TimeSpan.FromSeconds(host))}; kube-proxy sets the host's namespace only.");
        }

        AddVictims(evidence, [pod], "already without an entry (untracked)", static pod => pod.HalfClosed.Untracked);
        AddVictims(evidence, [pod], "about to lose their entry (expiring)", static pod => pod.HalfClosed.Expiring);
        return FindingCatalog.Get(Id).Report(
            severity,
            pod,
            Title($"{pod.Identity.DisplayName}'s own conntrack table", timeout, summary.Untracked),
            evidence,
            summary.Sockets,
            OwnTable.Fixes);
    }

    private static string Title(string where, TimeSpan timeout, long untracked) =>
        $"{where} forgets half-closed connections after {Text.Duration(timeout)}" + (untracked > 0
            ? $": {Text.Count(untracked, "half-closed socket")} already forgotten, what they send next is lost"
            : ": a slower response is lost");

    // What an application leaks waits for nothing, however long the tracker remembers it: that is close-wait-leak.
    private static bool IsLasting(HalfClosedSummary summary, TimeSpan timeout, Thresholds options) =>
        summary.Sockets > 0 && (summary.Untracked > 0
            || (summary.LeakedCloseWaitSockets < options.LeakCount && summary.Oldest is { } oldest && oldest >= Lasting(timeout)));

    private static TimeSpan Lasting(TimeSpan timeout) => timeout / 2 < s_lasting ? timeout / 2 : s_lasting;

    // The sample holds what expires soonest. An entry that has used up a part of its time, or that was given another one, is not just passing through.
    private static bool HasLastingEntries(Snapshot snapshot, TimeSpan timeout) =>
        snapshot.Conntrack?.Flows?.HalfClosedSample.Any(sample =>
            sample.Flow.TcpState == TcpConntrackState.CloseWait
            && sample.Flow.Has(ConntrackFields.Timeout)
            && TimeSpan.FromSeconds(sample.Flow.TimeoutSeconds) is var left
            && (left <= timeout - Lasting(timeout) || left > timeout)) ?? false;

    private static void AddVictims(List<string> evidence, List<PodSnapshot> pods, string what, Func<PodSnapshot, long> count)
    {
        var victims = pods.Where(pod => count(pod) > 0).OrderByDescending(count).ToList();
        if (victims.Count == 0)
        {
            return;
        }

        var names = victims.Take(NamesShown).Select(pod => $"{pod.Identity.DisplayName} ({Text.Number(count(pod))})");
        var rest = victims.Count > NamesShown ? $", +{victims.Count - NamesShown} more" : "";
        evidence.Add($"{Text.Count(victims.Sum(count), "half-closed socket")} {what}: {string.Join(", ", names)}{rest}.");
    }
}
