namespace Agent.Core.Diagnosis;

/// <summary>How a node is.</summary>
public enum Verdict
{
    /// <summary>Nothing was found.</summary>
    Ok,

    /// <summary>Something is worth knowing.</summary>
    Info,

    /// <summary>Something will make requests fail, or probably does.</summary>
    Warning,

    /// <summary>Requests fail now.</summary>
    Critical,

    /// <summary>Nothing was found, but too little was seen to say.</summary>
    Unknown,
}

/// <summary>Verdicts and severities as the reports spell them.</summary>
public static class Verdicts
{
    /// <summary><c>ok</c>, <c>info</c>, <c>warning</c>, <c>critical</c> or <c>unknown</c>.</summary>
    public static string Name(Verdict verdict) => verdict switch
    {
        Verdict.Ok => "ok",
        Verdict.Info => "info",
        Verdict.Warning => "warning",
        Verdict.Critical => "critical",
        _ => "unknown",
    };

    /// <summary><c>info</c>, <c>warning</c> or <c>critical</c>.</summary>
    public static string Name(Severity severity) => Name(Of(severity));

    /// <summary>The verdict on a node whose worst finding is this bad.</summary>
    public static Verdict Of(Severity severity) => severity switch
    {
        Severity.Info => Verdict.Info,
        Severity.Warning => Verdict.Warning,
        _ => Verdict.Critical,
    };
}
