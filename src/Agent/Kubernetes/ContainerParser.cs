using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Agent.Core.Model;
using Agent.Outside;

namespace Agent.Kubernetes;

/// <summary>Containers of a pod: spec and status joined by name.</summary>
internal static class ContainerParser
{
    private static readonly (string Field, ProbeKind Kind)[] s_handlers =
        [("httpGet", ProbeKind.Http), ("tcpSocket", ProbeKind.Tcp), ("grpc", ProbeKind.Grpc), ("exec", ProbeKind.Exec)];

    /// <summary>The containers, and the init containers that keep running beside them (restartPolicy Always, "sidecars").</summary>
    public static ImmutableArray<KubernetesContainer> Parse(JsonElement spec, JsonElement status)
    {
        var containers = ImmutableArray.CreateBuilder<KubernetesContainer>();
        foreach (var container in spec.Items("initContainers"))
        {
            if (container.Text("restartPolicy") == "Always")
            {
                Add(containers, container, status, "initContainerStatuses", isSidecar: true);
            }
        }

        foreach (var container in spec.Items("containers"))
        {
            Add(containers, container, status, "containerStatuses", isSidecar: false);
        }

        return containers.DrainToImmutable();
    }

    private static void Add(
        ImmutableArray<KubernetesContainer>.Builder containers,
        JsonElement container,
        JsonElement podStatus,
        string statuses,
        bool isSidecar)
    {
        if (container.Text("name") is not { Length: > 0 } name)
        {
            return;
        }

        var status = FindStatus(podStatus, statuses, name);
        var ended = status.Child("lastState").Child("terminated");
        var preStop = container.Child("lifecycle").Child("preStop");
        containers.Add(new KubernetesContainer
        {
            Name = name,
            Restarts = status.Number("restartCount") ?? 0,
            LastTerminatedAt = ended.Time("finishedAt"),
            LastTerminationReason = DescribeEnd(ended),
            Ports = Ports(container),
            ReadinessProbe = Probe(container, "readinessProbe"),
            LivenessProbe = Probe(container, "livenessProbe"),
            HasPreStop = preStop.ValueKind == JsonValueKind.Object,
            PreStopSleepSeconds = PreStopSleep.Find(preStop),
            IsSidecar = isSidecar,
        });
    }

    private static JsonElement FindStatus(JsonElement podStatus, string statuses, string name)
    {
        foreach (var status in podStatus.Items(statuses))
        {
            if (status.Text("name") == name)
            {
                return status;
            }
        }

        return default;
    }

    private static string? DescribeEnd(JsonElement ended)
    {
        if (ended.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        var reason = ended.Text("reason") is { Length: > 0 } text ? text : "Ended";
        return ended.Number("exitCode") is { } code ? string.Create(CultureInfo.InvariantCulture, $"{reason} ({code})") : reason;
    }

    private static ImmutableArray<ushort> Ports(JsonElement container)
    {
        var ports = ImmutableArray.CreateBuilder<ushort>();
        foreach (var port in container.Items("ports"))
        {
            if (IsTcp(port) && ToPort(port.Number("containerPort")) is { } number)
            {
                ports.Add(number);
            }
        }

        return ports.DrainToImmutable();
    }

    /// <summary>The defaults are those of the API (core/v1 Probe).</summary>
    private static KubernetesProbe? Probe(JsonElement container, string name)
    {
        var probe = container.Child(name);
        var (kind, handler) = Handler(probe);
        return kind is null
            ? null
            : new KubernetesProbe(
                kind.Value,
                Port(container, handler.Child("port")),
                probe.Number("periodSeconds") ?? 10,
                probe.Number("timeoutSeconds") ?? 1,
                probe.Number("failureThreshold") ?? 3);
    }

    private static (ProbeKind? Kind, JsonElement Handler) Handler(JsonElement probe)
    {
        foreach (var (field, kind) in s_handlers)
        {
            if (probe.Child(field) is { ValueKind: JsonValueKind.Object } handler)
            {
                return (kind, handler);
            }
        }

        return (null, default);
    }

    private static ushort? Port(JsonElement container, JsonElement port)
    {
        if (port.ValueKind == JsonValueKind.Number)
        {
            return ToPort(port.TryGetInt32(out var number) ? number : null);
        }

        if (port.AsText() is not { Length: > 0 } name)
        {
            return null;
        }

        foreach (var candidate in container.Items("ports"))
        {
            if (candidate.Text("name") == name && IsTcp(candidate))
            {
                return ToPort(candidate.Number("containerPort"));
            }
        }

        return ushort.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var digits) ? ToPort(digits) : null;
    }

    private static bool IsTcp(JsonElement port) => port.Text("protocol") is null or "" or "TCP";

    private static ushort? ToPort(int? number) => number is > 0 and <= ushort.MaxValue ? (ushort)number.Value : null;
}
