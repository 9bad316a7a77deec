using Agent.Configuration;

namespace Agent.Kubernetes;

/// <summary>What <see cref="PodWatcher"/> needs to know.</summary>
/// <param name="NodeName">The node as the API server knows it (spec.nodeName of its pods).</param>
/// <param name="Location">Null: there is no API server to ask, for the reason in <paramref name="WhyNot"/>.</param>
/// <param name="WhyNot">One line for the report; empty when there is a location.</param>
internal sealed record PodWatcherSettings(string NodeName, ApiServerLocation? Location, string WhyNot)
{
    /// <summary>Source of all jitter.</summary>
    public Random Random { get; init; } = Random.Shared;

    /// <summary>
    /// The most that the start of the agent waits for the first list, so that its first scan knows the pods; an API server that is
    /// away must not hold it up.
    /// </summary>
    public TimeSpan StartPatience { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>
    /// The first list comes at some instant within this: the agents of a whole fleet may start at one, after an upgrade or when the
    /// power returns. Names and owners of pods are known from the node's directories until then.
    /// </summary>
    public TimeSpan StartSpread { get; init; } = TimeSpan.Zero;

    /// <summary>Waits before the first attempt and between attempts.</summary>
    public Func<TimeSpan, TimeProvider, CancellationToken, Task> Delay { get; init; } =
        static (delay, time, cancellationToken) => Task.Delay(delay, time, cancellationToken);

    /// <summary>What the configuration asks for; null where the API server is not to be asked: switched off, or not in a cluster.</summary>
    public static PodWatcherSettings? FromOptions(PodsOptions pods)
    {
        if (pods.Source == PodSource.None)
        {
            return null;
        }

        // Outside a cluster its absence is no news, unless it was asked for.
        var settings = FromCluster(pods.NodeName);
        return settings.Location is null && pods.Source == PodSource.Auto ? null : settings;
    }

    /// <summary>The API server that a pod is told of.</summary>
    /// <param name="nodeName">This node's name.</param>
    public static PodWatcherSettings FromCluster(string nodeName) =>
        ApiServerLocation.TryFind(Environment.GetEnvironmentVariable, ApiServerLocation.ServiceAccountDirectory, out var location)
            ? new(nodeName, location, "")
            : Disabled("not running in a Kubernetes cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");

    /// <summary>Nothing is asked.</summary>
    public static PodWatcherSettings Disabled(string whyNot) => new("", null, whyNot);
}
