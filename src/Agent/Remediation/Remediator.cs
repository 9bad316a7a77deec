using System.Collections.Immutable;
using Agent.Configuration;
using Agent.Core.Diagnosis;
using Agent.Core.Metrics;
using Agent.Core.Model;
using Agent.Core.Remediation;

namespace Agent.Remediation;

/// <summary>Plans and writes once for each snapshot, as Remediation:Mode says. Used by one thread at a time.</summary>
/// <param name="actor">Who writes, for the log: the agent, or whoever gave the command.</param>
/// <param name="kubeProxyEndpoint">Where kube-proxy shows its configuration.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Takes a line for each value written.</param>
internal sealed partial class Remediator(string actor, string kubeProxyEndpoint, TimeProvider time, ILogger logger) : IDisposable
{
    private readonly RewritePacing _pacing = new(time);
    private readonly RemediationCounters _counters = new();
    private readonly HashSet<(string Where, string Sysctl)> _told = [];
    private KubeProxyProbe? _kubeProxy;
    private RemediationTools? _tools;
    private AgentOptions _options = new();
    private string? _bootId;

    /// <summary>Plans, and writes when that is asked for.</summary>
    public RemediationReport Run(Snapshot snapshot, AgentOptions options)
    {
        if (options.Remediation.Mode == RemediationMode.Off)
        {
            return RemediationReport.Empty;
        }

        var (plan, kubeProxy) = Plan(snapshot, options);
        Tell(plan, options.Remediation.Mode == RemediationMode.DryRun || snapshot.Node.CapturedTree);
        if (options.Remediation.Mode == RemediationMode.Apply)
        {
            Apply(snapshot, plan);
        }

        var tools = ToolsFor(options);
        return new(
            [.. ConflictFindings.Of(snapshot, _pacing, tools.State.Values, kubeProxy, tools.Processes.Writers)], _counters.Numbers(plan));
    }

    /// <summary>What would be written.</summary>
    public (RemediationPlan Plan, KubeProxyState KubeProxy) Plan(Snapshot snapshot, AgentOptions options)
    {
        var tools = ToolsFor(options);
        var policy = Policy(options.Remediation);
        var kubeProxy = policy.Host ? FindKubeProxy(tools, snapshot) : KubeProxyState.Absent;
        return (RemediationPlanner.Plan(snapshot, policy, kubeProxy), kubeProxy);
    }

    /// <summary>Writes what was planned. A captured tree is never written.</summary>
    public ImmutableArray<WriteOutcome> Apply(Snapshot snapshot, RemediationPlan plan)
    {
        if (_tools is not { IsLive: true } tools || snapshot.Node.CapturedTree)
        {
            return [];
        }

        _bootId = snapshot.Node.BootId;
        Forget(tools.State, snapshot);
        if (plan.Changes.IsEmpty)
        {
            Save(tools.State);
            return [];
        }

        Load(tools.State, _bootId);
        var changes = plan.Changes.ToDictionary(static change => (change.Target, change.Sysctl));
        WriteRequest[] requests = [.. plan.Changes.Select(Request)];
        RemoveOlderNamespaces(tools.State, requests, snapshot);
        var known = tools.State.Values.ToImmutableDictionary();
        Announce(tools.State, requests, known);
        var outcomes = tools.Writer.Apply(requests);
        foreach (var outcome in outcomes)
        {
            Conclude(
                tools.State,
                outcome,
                known.GetValueOrDefault(outcome.Request.Key),
                changes[(outcome.Request.Target, outcome.Request.Sysctl)]);
        }

        Save(tools.State);
        return outcomes;
    }

    /// <summary>Puts back what was there before, where Remediation:RestoreOnExit says so and nobody else has written since.</summary>
    public void Restore()
    {
        if (_tools is not { IsLive: true } tools
            || _bootId is null
            || _options.Remediation is not { Mode: RemediationMode.Apply, RestoreOnExit: true })
        {
            return;
        }

        // An earlier run of the agent may have written what this one only found as it should be.
        Load(tools.State, _bootId);

        WriteRequest[] requests = [.. tools.State.Values.Values
            .Where(static value => value.Original != value.Written)
            .Select(static value => new WriteRequest(value.Target, value.Sysctl, value.Written, value.Original, MayWrite: true))];
        foreach (var outcome in tools.Writer.Apply(requests))
        {
            if (outcome.Result == WriteResult.Written)
            {
                LogWritten(
                    actor,
                    outcome.Request.Target.DisplayName,
                    outcome.Request.Sysctl,
                    outcome.Request.From,
                    outcome.Request.To,
                    "Remediation:RestoreOnExit puts back what was there",
                    "not needed");
            }
            else
            {
                LogNotRestored(outcome.Request.Target.DisplayName, outcome.Request.Sysctl, outcome.Request.To, outcome.Detail);
            }

            tools.State.Remove(outcome.Request.Key);
        }

        Save(tools.State);
    }

    public void Dispose()
    {
        _tools?.Dispose();
        _tools = null;
        _kubeProxy?.Dispose();
    }

    private static RemediationPolicy Policy(RemediationOptions options) => new()
    {
        Host = options.Scope != RemediationScope.Pods,
        Pods = options.Scope != RemediationScope.Host,
        Settings = options.Settings,

        // The configuration was checked; a selector that cannot be read must not select everything.
        PodSelector = LabelSelector.TryParse(options.PodSelector, out var selector)
            ? selector
            : throw new InvalidOperationException($"Remediation:PodSelector = {options.PodSelector}: not a label selector"),
        MaxTableFill = options.MaxTableFill,
        OverrideKubeProxy = options.OverrideKubeProxy,
    };

    private RemediationTools ToolsFor(AgentOptions options)
    {
        _options = options;
        if (_tools is { } made && !made.Fits(options))
        {
            made.Dispose();
            _tools = null;
        }

        return _tools ??= new(options, time);
    }

    private KubeProxyState FindKubeProxy(RemediationTools tools, Snapshot snapshot)
    {
        tools.Processes.Refresh();
        var runs = tools.Processes.KubeProxyRuns;
        if (!snapshot.Node.CapturedTree)
        {
            _kubeProxy ??= new(new(kubeProxyEndpoint), time);
            return _kubeProxy.Probe(runs);
        }

        return runs == true ? KubeProxyState.Unknown("a captured tree cannot be asked") : KubeProxyState.Absent;
    }

    private WriteRequest Request(PlannedChange change)
    {
        var request = new WriteRequest(change.Target, change.Sysctl, change.From, change.To, MayWrite: true);
        return request with { MayWrite = _pacing.MayWrite(request.Key) };
    }

    /// <summary>Notes the original values before anything is written: a crash in between must not lose them.</summary>
    private void Announce(RemediationState state, IEnumerable<WriteRequest> requests, ImmutableDictionary<SysctlKey, WrittenValue> known)
    {
        foreach (var request in requests.Where(request => request.MayWrite && !known.ContainsKey(request.Key)))
        {
            state.Set(Written(request, request.From));
        }

        Save(state);
    }

    private void Conclude(RemediationState state, WriteOutcome outcome, WrittenValue? before, PlannedChange change)
    {
        var request = outcome.Request;
        if (before is null && outcome.Result != WriteResult.Written)
        {
            state.Remove(request.Key);
        }

        var wasOurs = before is not null && outcome.Actual < before.Written;
        switch (outcome.Result)
        {
            case WriteResult.Written:
                _counters.CountWrite(request.Key, outcome.Result);
                LogWritten(
                    actor,
                    request.Target.DisplayName,
                    request.Sysctl,
                    outcome.Actual ?? request.From,
                    request.To,
                    change.Reason,
                    change.Guard);
                state.Set(Written(request, before?.Original ?? request.From));
                NoteWritten(request, outcome, wasOurs);
                break;
            case WriteResult.Held:
                if (wasOurs && _pacing.NoteHeld(request.Key, outcome.Actual!.Value))
                {
                    _counters.CountConflict(request.Key, "held");
                    LogHeld(request.Target.DisplayName, request.Sysctl, outcome.Actual.Value, request.To);
                }

                break;
            case WriteResult.AlreadyThere:
                break;
            default:
                _counters.CountWrite(request.Key, outcome.Result);
                _pacing.NoteFailure(request.Key);
                LogNotWritten(request.Target.DisplayName, request.Sysctl, request.To, outcome.Result, outcome.Detail);
                break;
        }
    }

    private void NoteWritten(WriteRequest request, WriteOutcome outcome, bool wasOurs)
    {
        if (wasOurs)
        {
            _counters.CountConflict(request.Key, "rewritten");
            _pacing.NoteRewritten(request.Key, outcome.Actual!.Value, request.To);
            LogConflict(request.Target.DisplayName, request.Sysctl, outcome.Actual.Value, request.To);
        }
        else
        {
            _pacing.NoteWritten(request.Key);
        }
    }

    private WrittenValue Written(WriteRequest request, long original) => new()
    {
        Scope = request.Target.Scope,
        Namespace = request.Target.Identity.Namespace,
        Name = request.Target.Identity.Name,
        Uid = request.Target.Identity.Uid,
        NamespaceInode = request.Target.NamespaceInode,
        Sysctl = request.Sysctl,
        Original = original,
        Written = request.To,
        WrittenAt = time.GetUtcNow(),
    };
}

/// <summary>What remediation adds to the findings and metrics of a scan.</summary>
/// <param name="Findings">sysctl-conflict, or none.</param>
/// <param name="Sysctls">Every setting that is looked after.</param>
internal sealed record RemediationReport(ImmutableArray<Finding> Findings, ImmutableArray<SysctlNumbers> Sysctls)
{
    public static RemediationReport Empty { get; } = new([], []);
}
