namespace Agent.Configuration;

/// <summary>Section Http.</summary>
internal sealed record HttpOptions
{
    public string Listen { get; init; } = "http://127.0.0.1:9742";

    public string CertificateFile { get; init; } = "";

    public string KeyFile { get; init; } = "";

    public string BearerTokenFile { get; init; } = "";

    public ReportAccess Reports { get; init; } = ReportAccess.Loopback;
}

/// <summary>Where reports are answered: they name peers, processes and pods of every tenant.</summary>
internal enum ReportAccess
{
    /// <summary>Only to connections from this machine to its loopback address.</summary>
    Loopback,
    Everywhere,
}
