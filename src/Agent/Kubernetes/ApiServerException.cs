namespace Agent.Kubernetes;

/// <summary>The API server did not give what it was asked for. The message is one line for a person and never holds a credential.</summary>
internal sealed class ApiServerException(ApiServerFailure failure, string message, Exception? cause = null) : Exception(message, cause)
{
    public ApiServerFailure Failure { get; } = failure;

    /// <summary>How long the server asks to wait; null when it did not say.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>Why the API server did not give what it was asked for; decides how soon it is asked again.</summary>
internal enum ApiServerFailure
{
    /// <summary>The service account's token or CA is missing or unreadable.</summary>
    NoCredentials,

    /// <summary>401: the token is not accepted.</summary>
    Unauthorized,

    /// <summary>403: a rule is missing in RBAC.</summary>
    Forbidden,

    /// <summary>404.</summary>
    NotFound,

    /// <summary>410: the resourceVersion is no longer in the server's history; list again.</summary>
    Expired,

    /// <summary>429 or 503: it asks to be left alone for a while.</summary>
    Busy,

    /// <summary>Any other status.</summary>
    ServerError,

    /// <summary>No connection, or it broke.</summary>
    Unreachable,

    /// <summary>TLS: the certificate is not signed by the cluster's CA or is another host's.</summary>
    Untrusted,

    /// <summary>No answer, or silence, for longer than is normal.</summary>
    TimedOut,

    /// <summary>The answer is not what the API says.</summary>
    Garbage,
}
