using System.Globalization;
using System.Text.Json.Nodes;
using Agent.EndToEndTests.Node;

namespace Agent.EndToEndTests.Kubernetes;

/// <summary>What an API server says of a pod that runs. Unless told otherwise: a Deployment's, well configured, ready for an hour.</summary>
internal sealed record PodState(Pod Pod)
{
    private const string TemplateHash = "5d9c7b6f4";

    /// <summary>Kind and name of the owner; of a Deployment by way of its ReplicaSet.</summary>
    public string Workload { get; init; } = $"Deployment/{Pod.Name}";

    public int Port { get; init; } = 9000;

    public int GraceSeconds { get; init; } = 300;

    /// <summary>Null: no preStop hook.</summary>
    public int? PreStopSeconds { get; init; } = 15;

    public bool HasProbes { get; init; } = true;

    public bool IsReady { get; init; } = true;

    public DateTimeOffset StartedAt { get; init; } = DateTimeOffset.UtcNow.AddHours(-1);

    /// <summary>When it became ready, or ceased to be.</summary>
    public DateTimeOffset ReadyChangedAt { get; init; } = DateTimeOffset.UtcNow.AddMinutes(-59);

    /// <summary>When its end was asked for.</summary>
    public DateTimeOffset? DeletedAt { get; init; }

    public int Restarts { get; init; }

    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();

    public DateTimeOffset? RestartedAt { get; init; }

    /// <summary>When its grace period ends.</summary>
    public DateTimeOffset? EndsAt => DeletedAt?.AddSeconds(GraceSeconds);

    public PodState Ready(bool isReady) => this with { IsReady = isReady, ReadyChangedAt = DateTimeOffset.UtcNow };

    public JsonObject ToJson(int version) => new()
    {
        ["metadata"] = Metadata(version),
        ["spec"] = new JsonObject
        {
            ["hostNetwork"] = Pod.Spec.HostNetwork,
            ["terminationGracePeriodSeconds"] = GraceSeconds,
            ["containers"] = new JsonArray([.. Pod.Spec.Containers.Select(container => Container(container.Name))]),
        },
        ["status"] = new JsonObject
        {
            ["phase"] = "Running",
            ["startTime"] = Text(StartedAt),
            ["podIPs"] = new JsonArray([.. Pod.Addresses.Select(address => new JsonObject { ["ip"] = address.ToString() })]),
            ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = IsReady ? "True" : "False", ["lastTransitionTime"] = Text(ReadyChangedAt) }),
            ["containerStatuses"] = new JsonArray([.. Pod.Spec.Containers.Select(container => Status(container.Name))]),
        },
    };

    private JsonObject Metadata(int version)
    {
        var (kind, name) = (Workload[..Workload.IndexOf('/', StringComparison.Ordinal)], Workload[(Workload.IndexOf('/', StringComparison.Ordinal) + 1)..]);
        var owner = kind == "Deployment" ? ("ReplicaSet", $"{name}-{TemplateHash}") : (kind, name);
        var metadata = new JsonObject
        {
            ["name"] = Pod.Name,
            ["namespace"] = Pod.Namespace,
            ["uid"] = Pod.Uid,
            ["resourceVersion"] = version.ToString(CultureInfo.InvariantCulture),
            ["labels"] = new JsonObject { ["app"] = name, ["pod-template-hash"] = TemplateHash },
            ["ownerReferences"] = new JsonArray(new JsonObject { ["apiVersion"] = "apps/v1", ["kind"] = owner.Item1, ["name"] = owner.Item2, ["controller"] = true }),
        };
        if (Annotations.Count > 0)
        {
            metadata["annotations"] = new JsonObject(Annotations.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)JsonValue.Create(pair.Value))));
        }

        if (EndsAt is { } end)
        {
            metadata["deletionTimestamp"] = Text(end);
            metadata["deletionGracePeriodSeconds"] = GraceSeconds;
        }

        return metadata;
    }

    private JsonObject Container(string name)
    {
        var container = new JsonObject { ["name"] = name, ["ports"] = new JsonArray(new JsonObject { ["containerPort"] = Port }) };
        if (HasProbes)
        {
            container["readinessProbe"] = Probe(5);
            container["livenessProbe"] = Probe(10);
        }

        if (PreStopSeconds is { } seconds)
        {
            container["lifecycle"] = new JsonObject { ["preStop"] = new JsonObject { ["sleep"] = new JsonObject { ["seconds"] = seconds } } };
        }

        return container;
    }

    private JsonObject Probe(int period) => new() { ["tcpSocket"] = new JsonObject { ["port"] = Port }, ["periodSeconds"] = period };

    private JsonObject Status(string name)
    {
        var status = new JsonObject { ["name"] = name, ["restartCount"] = Restarts };
        if (RestartedAt is { } at)
        {
            status["lastState"] = new JsonObject { ["terminated"] = new JsonObject { ["reason"] = "OOMKilled", ["exitCode"] = 137, ["finishedAt"] = Text(at) } };
        }

        return status;
    }

    private static string Text(DateTimeOffset time) => time.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
