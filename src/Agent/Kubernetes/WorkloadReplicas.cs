using System.Collections.Concurrent;
using Agent.Core.Model;
using Agent.Outside;

namespace Agent.Kubernetes;

/// <summary>
/// spec.replicas of owners, for telling that all replicas of a workload are on this node. Only owners with two or more
/// running pods here are asked for, seldom, one at a time and from the API server's cache; where RBAC does not allow it
/// nothing is lost but that finding.
/// </summary>
internal sealed partial class WorkloadReplicas(ApiServerClient client, TimeProvider time, Random random, ILogger logger)
{
    private const int MaxAnswerBytes = 4 * 1024 * 1024;

    private static readonly TimeSpan s_betweenQuestions = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_answerAge = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan s_deniedAge = TimeSpan.FromHours(6);
    private static readonly TimeSpan s_answerTimeout = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<(string Namespace, Workload Workload), Answer> _answers = [];
    private readonly Dictionary<string, DateTimeOffset> _deniedUntil = [];

    /// <returns>Null when not asked for, not known or not allowed to ask.</returns>
    public int? Find(KubernetesPod pod) =>
        pod.Workload is not null && _answers.TryGetValue((pod.Namespace, pod.Workload), out var answer) ? answer.Replicas : null;

    /// <summary>Asks for one owner at a time, for ever.</summary>
    public async Task RunAsync(Func<IEnumerable<KubernetesPod>> pods, CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_betweenQuestions, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await AskNextAsync(pods(), stoppingToken);
                }
                catch (Exception exception) when (exception is not OperationCanceledException)
                {
                    LogBug(logger, exception);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The agent ends.
        }
    }

    /// <summary>Asks for the first owner whose answer is missing or old.</summary>
    /// <returns>True when the API server was asked.</returns>
    public async Task<bool> AskNextAsync(IEnumerable<KubernetesPod> pods, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var candidates = pods
            .Where(static pod => pod.Workload is not null && pod.Phase is not ("Succeeded" or "Failed"))
            .GroupBy(static pod => (pod.Namespace, Workload: pod.Workload!))
            .Where(static group => group.Skip(1).Any())
            .Select(static group => group.Key)
            .ToHashSet();
        foreach (var gone in _answers.Keys.Where(key => !candidates.Contains(key)))
        {
            _answers.TryRemove(gone, out _);
        }

        foreach (var candidate in candidates)
        {
            // An owner is what the pod's maker says; one with a name that no object has is not asked for.
            if (Resource(candidate.Workload) is { } resource
                && IsDue(candidate, resource, now)
                && ApiPath.Of("apis", "apps", "v1", "namespaces", candidate.Namespace, resource, candidate.Workload.Name) is { } path)
            {
                await AskAsync(candidate, resource, path, cancellationToken);
                return true;
            }
        }

        return false;
    }

    private static string? Resource(Workload workload) => workload.Kind switch
    {
        WorkloadKinds.Deployment => "deployments",
        WorkloadKinds.StatefulSet => "statefulsets",
        WorkloadKinds.ReplicaSet => "replicasets",
        _ => null,
    };

    private bool IsDue((string, Workload) candidate, string resource, DateTimeOffset now) =>
        !(_deniedUntil.TryGetValue(resource, out var until) && now < until)
        && !(_answers.TryGetValue(candidate, out var answer) && now < answer.ValidUntil);

    private async Task AskAsync(
        (string Namespace, Workload Workload) candidate, string resource, string path, CancellationToken cancellationToken)
    {
        int? replicas = null;
        try
        {
            replicas = await ReadAsync(path + "?resourceVersion=0", candidate.Workload.DisplayName, cancellationToken);
        }
        catch (ApiServerException exception)
        {
            // Replicas stay unknown; whether the API server answers at all is the watch's to say.
            if (exception.Failure == ApiServerFailure.Forbidden)
            {
                _deniedUntil[resource] = Later(s_deniedAge);
            }
        }

        _answers[candidate] = new Answer(replicas, Later(s_answerAge));
    }

    private async Task<int?> ReadAsync(string path, string what, CancellationToken cancellationToken)
    {
        using var response = await client.GetAsync(path, what, cancellationToken);
        using var patience = new Patience(s_answerTimeout, time, cancellationToken);
        try
        {
            using var stream = await response.Content.ReadAsStreamAsync(patience.Token);
            using var framer = JsonFramer.ForSequence(MaxAnswerBytes);
            var buffer = new byte[16 * 1024];
            int count;
            while ((count = await stream.ReadAsync(buffer, patience.Token)) > 0)
            {
                ReadOnlySpan<byte> input = buffer.AsSpan(0, count);
                if (framer.Read(ref input) == JsonFrameResult.Frame)
                {
                    using var document = OutsideJson.Parse(framer.Frame);
                    return document.RootElement.Child("spec").Number("replicas");
                }
            }

            return null;
        }
        catch (Exception exception) when (client.Translate(exception, what, patience) is { } translated)
        {
            throw translated;
        }
    }

    private DateTimeOffset Later(TimeSpan age) => time.GetUtcNow() + age * (1 + random.NextDouble());

    [LoggerMessage(1, LogLevel.Error, "An error in this program while asking for replicas; it goes on")]
    private static partial void LogBug(ILogger logger, Exception exception);

    private readonly record struct Answer(int? Replicas, DateTimeOffset ValidUntil);
}
