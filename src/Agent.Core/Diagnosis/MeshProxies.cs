using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>Whether a mesh's proxy runs in a pod: by its processes, its containers and the annotations that the injector leaves.</summary>
internal static class MeshProxies
{
    /// <summary>Those that are there; null when neither processes nor the API server's word are known.</summary>
    public static ImmutableArray<MeshProxy>? Of(PodSnapshot pod)
    {
        if (pod.Programs.IsEmpty && pod.Kubernetes is null)
        {
            return null;
        }

        var found = ImmutableArray.CreateBuilder<MeshProxy>();
        if (Has(pod, ["linkerd2-proxy", "linkerd-proxy"], "linkerd-proxy", "linkerd.io/proxy-version"))
        {
            found.Add(MeshProxy.Linkerd);
        }

        if (Has(pod, ["pilot-agent"], "istio-proxy", "sidecar.istio.io/status"))
        {
            found.Add(MeshProxy.Istio);
        }

        return found.ToImmutable();
    }

    private static bool Has(PodSnapshot pod, ReadOnlySpan<string> programs, string container, string annotation)
    {
        foreach (var program in programs)
        {
            if (pod.Programs.Contains(program))
            {
                return true;
            }
        }

        return pod.Kubernetes is { } kubernetes
            && (kubernetes.Containers.Any(known => known.Name == container) || kubernetes.Annotations.ContainsKey(annotation));
    }
}
