namespace Agent.Configuration;

/// <summary>Section Http.</summary>
internal sealed record HttpOptions
{
    public string Listen { get; init; } = "http://127.0.0.1:9742";

    public string CertificateFile { get; init; } = "";

    public string KeyFile { get; init; } = "";

    public string BearerTokenFile { get; init; } = "";
}
