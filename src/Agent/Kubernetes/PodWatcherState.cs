using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using Agent.Core;
using Agent.Core.Model;

namespace Agent.Kubernetes;

/// <summary>What the watcher knows at one moment; replaced whole by the watcher, turned into a view by any reader.</summary>
internal sealed record PodWatcherState
{
    /// <summary>A connection that comes back within a scan or so (an API server that restarts) is nothing to report.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(15);

    /// <summary>What was known so long ago is no ground to judge a pod by: it may have become ready, or ended, since.</summary>
    public static readonly TimeSpan Trusted = TimeSpan.FromMinutes(5);

    private const string Cost = "workload, readiness, restarts and probes of pods are unknown";

    public required string NodeName { get; init; }

    /// <summary>By uid.</summary>
    public ImmutableDictionary<string, KubernetesPod> Pods { get; init; } = ImmutableDictionary<string, KubernetesPod>.Empty;

    /// <summary>Where the watch goes on from; null when a list is needed.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>Objects since the last list (itself included) that were too large or no pods.</summary>
    public int Skipped { get; init; }

    /// <summary>When the last list, event or bookmark came.</summary>
    public DateTimeOffset? LastSyncAt { get; init; }

    /// <summary>Why there is no contact; null while there is.</summary>
    public ApiServerException? Failure { get; init; }

    /// <summary>When contact was lost; null while there is contact.</summary>
    public DateTimeOffset? FailingSince { get; init; }

    /// <summary>Why there will never be contact; null otherwise.</summary>
    public string? WhyNot { get; init; }

    /// <summary>True when readers are told that contact is lost.</summary>
    public bool IsLost(DateTimeOffset now) =>
        Failure is not null
        && (LastSyncAt is null
            || now - FailingSince >= Grace
            || Failure.Failure is ApiServerFailure.Forbidden or ApiServerFailure.Unauthorized or ApiServerFailure.NoCredentials);

    /// <summary>What readers see.</summary>
    /// <param name="now">For the age of what is known.</param>
    /// <param name="replicas">Adds replicas of owners; null where there is no API server.</param>
    public KubernetesView ToView(DateTimeOffset now, WorkloadReplicas? replicas)
    {
        var pods = Pods.Values.ToArray();
        for (var i = 0; i < pods.Length; i++)
        {
            if (replicas?.Find(pods[i]) is { } count)
            {
                pods[i] = pods[i] with { WorkloadReplicas = count };
            }
        }

        Array.Sort(pods, static (left, right) =>
            string.CompareOrdinal(left.Namespace, right.Namespace) is not 0 and var order
                ? order
                : string.CompareOrdinal(left.Name, right.Name));
        var (status, detail, needs) = Describe(now);
        return new KubernetesView(ImmutableCollectionsMarshal.AsImmutableArray(pods), status, detail, LastSyncAt) { Needs = needs };
    }

    /// <summary>How well things are known, and why not better; an empty detail when all is well.</summary>
    public (SourceStatus Status, string Detail, SourceNeeds Needs) Describe(DateTimeOffset now)
    {
        if (WhyNot is not null)
        {
            return (SourceStatus.Unavailable, WhyNot, SourceNeeds.Cluster);
        }

        if (IsLost(now))
        {
            return LastSyncAt is { } last
                ? DescribeAge(now - last, now - FailingSince >= Trusted)
                : (
                    IsDenied(Failure!) ? SourceStatus.Unavailable : SourceStatus.Failed,
                    $"{Failure!.Message}; {Cost}",
                    NeedsOf(Failure.Failure));
        }

        if (LastSyncAt is null)
        {
            return (SourceStatus.Unavailable, $"the first list of pods has not arrived yet; {Cost}", SourceNeeds.ApiServerAnswer);
        }

        if (Skipped > 0)
        {
            var objects = Skipped == 1 ? "1 object was" : string.Create(CultureInfo.InvariantCulture, $"{Skipped} objects were");
            var limit = ObjectList.MaxObjectBytes / (1024 * 1024);
            return (
                SourceStatus.Degraded,
                $"{objects} larger than {limit} MiB or not a pod, and skipped: a pod may be missing or out of date",
                SourceNeeds.None);
        }

        // The program is itself in a pod of its node.
        return Pods.IsEmpty
            ? (
                SourceStatus.Degraded,
                $"the API server knows no pod on node \"{NodeName}\": is that its name? "
                + "(set Pods:NodeName or NODE_NAME from spec.nodeName)",
                SourceNeeds.NodeName)
            : (SourceStatus.Ok, "", SourceNeeds.None);
    }

    private (SourceStatus Status, string Detail, SourceNeeds Needs) DescribeAge(TimeSpan age, bool isTooOld)
    {
        var detail = $"{Failure!.Message}; what is known of pods is {HumanText.Duration(age)} old";
        return isTooOld
            ? (SourceStatus.Failed, $"{detail}, too old to judge them by", NeedsOf(Failure.Failure))
            : (SourceStatus.Degraded, detail, NeedsOf(Failure.Failure));
    }

    private static SourceNeeds NeedsOf(ApiServerFailure failure) => failure switch
    {
        ApiServerFailure.Forbidden => SourceNeeds.PodListPermission,
        ApiServerFailure.Unauthorized => SourceNeeds.NewToken,
        ApiServerFailure.NoCredentials => SourceNeeds.ServiceAccount,
        ApiServerFailure.Untrusted => SourceNeeds.ApiServerCertificate,
        _ => SourceNeeds.ApiServerAnswer,
    };

    private static bool IsDenied(ApiServerException failure) =>
        failure.Failure is ApiServerFailure.Forbidden or ApiServerFailure.NoCredentials;
}
