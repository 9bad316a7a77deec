namespace Agent.Kubernetes;

internal sealed partial class PodWatcher
{
    [LoggerMessage(3, LogLevel.Information, "Pods are named without the API server: {Reason}")]
    private static partial void LogNotAvailable(ILogger logger, string reason);

    [LoggerMessage(6, LogLevel.Error, "An error in this program while following pods; it goes on")]
    private static partial void LogBug(ILogger logger, Exception exception);
}
