namespace Agent.Kubernetes;

/// <summary>The API server did not give what it was asked for. The message is one line for a person and never holds a credential.</summary>
internal sealed class ApiServerException(ApiServerFailure failure, string message, Exception? cause = null) : Exception(message, cause)
{
    public ApiServerFailure Failure { get; } = failure;

    /// <summary>How long the server asks to wait; null when it did not say.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
