namespace Agent.Kubernetes;

internal sealed partial class PodWatchContact
{
    [LoggerMessage(1, LogLevel.Information, "Watching {Count} pods of node {Node} at the API server {Server}")]
    private static partial void LogWatching(ILogger logger, int count, string node, string server);

    // For the operator, the next scan says so with the status of the source.
    [LoggerMessage(2, LogLevel.Debug, "Pods are not followed at the API server: {Reason}")]
    private static partial void LogLost(ILogger logger, string reason);

    [LoggerMessage(4, LogLevel.Debug, "Asking the API server again in {DelaySeconds:0.0} s (failure {Failures}): {Reason}")]
    private static partial void LogRetry(ILogger logger, double delaySeconds, int failures, string reason);

    [LoggerMessage(5, LogLevel.Warning, "Pods are known incompletely: {Reason}")]
    private static partial void LogIncomplete(ILogger logger, string reason);
}
