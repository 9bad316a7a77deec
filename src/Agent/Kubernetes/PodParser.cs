using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Agent.Core.Model;
using Agent.Kernel.Net;
using Agent.Outside;

namespace Agent.Kubernetes;

/// <summary>A core/v1 Pod, of which only what this program uses is kept.</summary>
internal static class PodParser
{
    private const string ConfigHash = "kubernetes.io/config.hash";
    private const string ConfigMirror = "kubernetes.io/config.mirror";
    private const int ConfigHashLength = 32; // an MD5 in hexadecimal

    /// <summary>A prefix ends in a slash; anything else is the whole name.</summary>
    private static readonly ImmutableArray<string> s_knownAnnotations =
        [ConfigHash, ConfigMirror, "config.linkerd.io/", "linkerd.io/", "sidecar.istio.io/", "closewatch.io/"];

    /// <returns>False when it has no namespace, name or uid, or one that can be none.</returns>
    public static bool TryParse(JsonElement pod, [NotNullWhen(true)] out KubernetesPod? parsed)
    {
        var metadata = pod.Child("metadata");
        if (metadata.Text("namespace") is not { } @namespace
            || metadata.Text("name") is not { } name
            || metadata.Text("uid") is not { Length: > 0 } uid
            || !ApiPath.IsName(@namespace)
            || !ApiPath.IsName(name))
        {
            parsed = null;
            return false;
        }

        var spec = pod.Child("spec");
        var status = pod.Child("status");
        var phase = status.Text("phase") ?? "";
        var ready = Condition(status, "Ready");
        parsed = new KubernetesPod
        {
            Namespace = @namespace,
            Name = name,
            Uid = uid,
            ConfigHash = MirroredHash(metadata.Child("annotations")),
            Workload = WorkloadName.Find(metadata),
            HostNetwork = spec.IsTrue("hostNetwork"),
            Phase = phase,
            Ready = ready.ValueKind == JsonValueKind.Object ? ready.Text("status") == "True" : null,
            ReadyChangedAt = ready.Time("lastTransitionTime"),
            DeletionTimestamp = metadata.Time("deletionTimestamp"),
            DeletionGracePeriodSeconds = metadata.Number("deletionGracePeriodSeconds"),
            TerminationGracePeriodSeconds = spec.Number("terminationGracePeriodSeconds"),
            StartTime = status.Time("startTime"),
            Labels = Texts(metadata, "labels", static _ => true),
            Annotations = Texts(metadata, "annotations", IsKnownAnnotation),
            Addresses = phase is "Succeeded" or "Failed" ? [] : Addresses(status),
            Containers = ContainerParser.Parse(spec, status),
        };
        return true;
    }

    /// <summary>
    /// CreateMirrorPod (pkg/kubelet/pod/mirror_client.go) sets both annotations to the same hash; one alone is not the kubelet's.
    /// </summary>
    private static string? MirroredHash(JsonElement annotations) =>
        annotations.Text(ConfigHash) is { Length: ConfigHashLength } hash
            && annotations.Text(ConfigMirror) == hash
            && hash.All(char.IsAsciiHexDigitLower)
            ? hash
            : null;

    private static bool IsKnownAnnotation(string name)
    {
        foreach (var known in s_knownAnnotations)
        {
            if (known[^1] == '/' ? name.StartsWith(known, StringComparison.Ordinal) : name == known)
            {
                return true;
            }
        }

        return false;
    }

    private static JsonElement Condition(JsonElement status, string type)
    {
        foreach (var condition in status.Items("conditions"))
        {
            if (condition.Text("type") == type)
            {
                return condition;
            }
        }

        return default;
    }

    private static ImmutableDictionary<string, string> Texts(JsonElement metadata, string field, Func<string, bool> isWanted)
    {
        ImmutableDictionary<string, string>.Builder? texts = null;
        foreach (var member in metadata.Members(field))
        {
            if (isWanted(member.Name) && member.Value.AsText() is { } value)
            {
                (texts ??= ImmutableDictionary.CreateBuilder<string, string>())[member.Name] = value;
            }
        }

        return texts?.ToImmutable() ?? ImmutableDictionary<string, string>.Empty;
    }

    private static ImmutableArray<IpAddress> Addresses(JsonElement status)
    {
        var addresses = ImmutableArray.CreateBuilder<IpAddress>(2);
        foreach (var entry in status.Items("podIPs"))
        {
            Add(addresses, entry.Text("ip"));
        }

        if (addresses.Count == 0)
        {
            Add(addresses, status.Text("podIP"));
        }

        return addresses.DrainToImmutable();
    }

    private static void Add(ImmutableArray<IpAddress>.Builder addresses, string? text)
    {
        if (IpAddress.TryParse(text, out var address) && !addresses.Contains(address))
        {
            addresses.Add(address);
        }
    }
}
