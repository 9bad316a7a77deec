using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Remediation;

/// <summary>Decides what is to be written. Values are only ever raised; nothing outside <see cref="SysctlCatalog"/> is planned.</summary>
public static class RemediationPlanner
{
    /// <summary>The annotation by which a pod asks for a value of its own.</summary>
    public const string Annotation = "closewatch.io/close-wait-timeout";

    /// <summary>Plans for a snapshot.</summary>
    public static RemediationPlan Plan(Snapshot snapshot, RemediationPolicy policy, KubeProxyState kubeProxy)
    {
        var draft = new PlanDraft(policy);
        var settings = Checked(policy, draft);
        if (policy.Host)
        {
            PlanHost(snapshot, settings, policy.OverrideKubeProxy ? KubeProxyState.Absent : kubeProxy, draft);
        }

        if (policy.Pods)
        {
            PlanPods(snapshot, policy, settings, draft);
        }

        return draft.ToPlan() with { LeftOut = LeftOutTargets.Of(snapshot, policy) };
    }

    private static ImmutableArray<(SysctlDefinition Sysctl, long Value)> Checked(RemediationPolicy policy, PlanDraft draft)
    {
        var known = ImmutableArray.CreateBuilder<(SysctlDefinition, long)>();
        foreach (var (name, value) in policy.Settings)
        {
            if (SysctlCatalog.Find(name) is not { } sysctl)
            {
                draft.Refuse(
                    "Remediation:Settings",
                    name,
                    "it is not a setting that this program writes",
                    "use a timeout of nf_conntrack, nf_conntrack_max or nf_conntrack_tcp_be_liberal");
            }
            else if (!sysctl.Allows(value))
            {
                draft.Refuse("Remediation:Settings", name, $"{value} is out of range", $"give a value {sysctl.Range}");
            }
            else
            {
                known.Add((sysctl, value));
            }
        }

        return known.ToImmutable();
    }

    private static void PlanHost(
        Snapshot snapshot, ImmutableArray<(SysctlDefinition Sysctl, long Value)> settings, KubeProxyState kubeProxy, PlanDraft draft)
    {
        var inode = snapshot.Pods.FirstOrDefault(static pod => pod.Identity.Kind == PodKind.Host)?.NamespaceInode ?? 0;
        var target = new PlanTarget(new(PodIdentity.Host, inode), snapshot.HostSettings, OccupancyFacts.OfHost(snapshot.Conntrack));
        foreach (var (sysctl, wanted) in settings)
        {
            if (HostValue(target, sysctl, wanted, kubeProxy, draft) is { } value)
            {
                draft.Want(target, sysctl, value.Value, value.Reason);
            }
        }
    }

    /// <summary>Our value, or kube-proxy's where it has one: it would write it again at its next start, or fail to start.</summary>
    private static (long Value, string Reason)? HostValue(
        PlanTarget target, SysctlDefinition sysctl, long wanted, KubeProxyState kubeProxy, PlanDraft draft)
    {
        var ours = (wanted, "Remediation:Settings asks for it");
        if (kubeProxy.Presence == KubeProxyPresence.Absent || !KubeProxyState.Flags.TryGetValue(sysctl.Name, out var flag))
        {
            return ours;
        }

        var isEnough = target.Current(sysctl) is { } current && PlanTarget.IsEnough(sysctl, current, wanted);
        if (kubeProxy.Presence == KubeProxyPresence.Unknown)
        {
            if (!isEnough)
            {
                draft.Refuse(
                    target.Name,
                    sysctl.Name,
                    $"kube-proxy's own value is not known: {kubeProxy.Detail}",
                    $"set kube-proxy's flag {flag}, or Remediation:OverrideKubeProxy=true");
            }

            return isEnough ? ours : null;
        }

        if (!kubeProxy.Values.TryGetValue(sysctl.Name, out var theirs))
        {
            return ours;
        }

        if (theirs < wanted && !isEnough)
        {
            draft.Refuse(
                target.Name,
                sysctl.Name,
                sysctl.Kind == SysctlKind.TableLimit
                    ? "kube-proxy sets it from the number of cores at each start"
                    : $"kube-proxy sets it to {theirs} at each start",
                $"set kube-proxy's flag {flag}, or Remediation:OverrideKubeProxy=true");
        }

        if (sysctl.Kind == SysctlKind.TableLimit)
        {
            return null;
        }

        if (!sysctl.Allows(theirs))
        {
            draft.Refuse(
                target.Name,
                sysctl.Name,
                $"kube-proxy's value {theirs} is out of range",
                $"set kube-proxy's flag {flag} to a value {sysctl.Range}");
            return null;
        }

        return (theirs, $"kube-proxy ({flag}) sets it");
    }

    private static void PlanPods(
        Snapshot snapshot, RemediationPolicy policy, ImmutableArray<(SysctlDefinition Sysctl, long Value)> settings, PlanDraft draft)
    {
        if (!policy.Host)
        {
            foreach (var (sysctl, _) in settings.Where(static setting => !setting.Sysctl.IsPerNamespace))
            {
                draft.Refuse("pods", sysctl.Name, "it belongs to the machine, not to a pod", "set Remediation:Scope=host or host+pods");
            }
        }

        settings = [.. settings.Where(static setting => setting.Sysctl.IsPerNamespace)];
        var withoutLabels = 0;
        var pods = snapshot.Pods
            .Where(static pod => pod.Identity.Kind == PodKind.Pod && !pod.HostNetwork && pod.NamespaceInode != 0);
        foreach (var pod in pods)
        {
            var isUnknown = policy.PodSelector.NeedsLabels && pod.Kubernetes is null;
            withoutLabels += isUnknown ? 1 : 0;
            var isSelected = !isUnknown
                && policy.PodSelector.Matches(pod.Identity.Namespace, pod.Kubernetes?.Labels ?? ImmutableDictionary<string, string>.Empty);
            PlanPod(
                new(new(pod.Identity, pod.NamespaceInode), pod.Settings, OccupancyFacts.OfPod(pod, snapshot.Conntrack?.Limit)),
                pod,
                isSelected ? settings : [],
                draft);
        }

        if (withoutLabels > 0)
        {
            draft.Refuse(
                "pods",
                "*",
                $"the labels of {withoutLabels} pods are not known, so Remediation:PodSelector cannot select them",
                "let the agent list pods at the API server (Pods:Source), or select by kubernetes.io/metadata.name");
        }
    }

    private static void PlanPod(
        PlanTarget target, PodSnapshot pod, ImmutableArray<(SysctlDefinition Sysctl, long Value)> settings, PlanDraft draft)
    {
        var closeWait = SysctlCatalog.Find(SysctlCatalog.CloseWait)!;
        if (pod.Kubernetes?.Annotations.TryGetValue(Annotation, out var text) ?? false)
        {
            settings = settings.RemoveAll(setting => setting.Sysctl == closeWait);
            if (DurationValue.TryParseSeconds(text, out var seconds) && closeWait.Allows(seconds))
            {
                draft.Want(target, closeWait, seconds, $"annotation {Annotation} asks for it");
            }
            else
            {
                draft.Refuse(
                    target.Name,
                    SysctlCatalog.CloseWait,
                    $"annotation {Annotation} is no duration {closeWait.Range}",
                    "write it like 1h or 30m");
            }
        }

        foreach (var (sysctl, value) in settings)
        {
            draft.Want(target, sysctl, value, "Remediation:Settings asks for it");
        }
    }
}
