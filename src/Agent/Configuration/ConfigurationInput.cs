using System.Collections;
using System.Collections.Immutable;

namespace Agent.Configuration;

/// <summary>Where a configuration is read from. Kept by <see cref="AgentConfiguration"/>, so that it can be read again.</summary>
internal sealed record ConfigurationInput
{
    public const string DefaultPath = "/etc/closewatch/closewatch.json";

    /// <summary>The file of <c>--config</c>; null: <see cref="DefaultFile"/>, which may be absent.</summary>
    public string? File { get; init; }

    public string DefaultFile { get; init; } = DefaultPath;

    /// <summary>All environment variables.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Arguments of the form <c>--Section:Key=value</c>.</summary>
    public ImmutableArray<string> Arguments { get; init; } = [];

    /// <summary>
    /// Values of options that stand for a key, as <c>--upstream</c> does for <c>Diagnosis:Upstream</c>. Later than everything else.
    /// </summary>
    public ImmutableArray<ConfigurationEntry> Overrides { get; init; } = [];

    public string HostName { get; init; } = "";

    /// <summary>All environment variables of this process.</summary>
    public static IReadOnlyDictionary<string, string> EnvironmentOfProcess()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in System.Environment.GetEnvironmentVariables())
        {
            variables[(string)entry.Key] = (string?)entry.Value ?? "";
        }

        return variables;
    }
}
