using System.Collections.Immutable;

namespace Agent.Configuration;

/// <summary>The effective configuration, where each value came from, and everything that is wrong with it.</summary>
internal sealed record AgentConfiguration
{
    private AgentConfiguration(ConfigurationInput input)
    {
        Input = input;
    }

    /// <summary>The options; of no use while there are <see cref="Errors"/>.</summary>
    public AgentOptions Options { get; private init; } = new();

    public ImmutableArray<ConfigurationError> Errors { get; private init; } = [];

    /// <summary>Every key in the order of the catalogue, with its value and origin.</summary>
    public ImmutableArray<EffectiveSetting> Settings { get; private init; } = [];

    /// <summary>The file that was read, to be watched for changes; null when there is none.</summary>
    public string? File { get; private init; }

    public ConfigurationInput Input { get; }

    public bool IsValid => Errors.IsEmpty;

    /// <summary>Reads and checks everything. Never throws: what is wrong is in <see cref="Errors"/>.</summary>
    public static AgentConfiguration Load(ConfigurationInput input)
    {
        var errors = new List<ConfigurationError>();
        var options = new AgentOptions();
        var origins = new Dictionary<string, ConfigurationEntry>(StringComparer.OrdinalIgnoreCase);
        var entries = ConfigurationReader.Read(input, errors, out var file);
        foreach (var entry in entries)
        {
            options = Bind(options, entry, errors, origins);
        }

        errors.AddRange(ConfigurationConsistency.Check(options, origins));
        return new(input)
        {
            Options = options,
            Errors = [.. errors],
            Settings = [.. Show(options, origins)],
            File = file,
        };
    }

    /// <summary>Reads the same sources again.</summary>
    public AgentConfiguration Reload() => Load(Input);

    private static AgentOptions Bind(
        AgentOptions options, ConfigurationEntry entry, List<ConfigurationError> errors, Dictionary<string, ConfigurationEntry> origins)
    {
        foreach (var key in ConfigurationKeys.All)
        {
            if (!key.Matches(entry.Name, out var member))
            {
                continue;
            }

            if (entry.Value is null && !key.IsMap)
            {
                return options;
            }

            var bound = key.Bind(options, member, entry.Value);
            if (bound.Reason is { } reason)
            {
                errors.Add(new(entry.Name, entry.Value, entry.Origin, reason, bound.Remedy));
                return options;
            }

            origins[key.IsMap ? $"{key.Name}:{member.ToLowerInvariant()}" : key.Name] = entry;
            return bound.Value!;
        }

        // An empty section is no mistake.
        if (!string.IsNullOrEmpty(entry.Value) || !ConfigurationKeys.All.Any(key => IsSection(key, entry.Name)))
        {
            errors.Add(new(entry.Name, entry.Value, entry.Origin, "is not a known key", Nearest(entry.Name)));
        }

        return options;
    }

    private static bool IsSection(ConfigurationKey key, string name) =>
        string.Equals(key.Section, name, StringComparison.OrdinalIgnoreCase)
            || (key.IsMap && string.Equals(key.Name, name, StringComparison.OrdinalIgnoreCase));

    private static string Nearest(string name) =>
        NearestName.Hint(name, ConfigurationKeys.All.Select(static key => key.Name), "'closewatch config' lists the keys");

    private static IEnumerable<EffectiveSetting> Show(AgentOptions options, Dictionary<string, ConfigurationEntry> origins) =>
        from key in ConfigurationKeys.All
        from shown in key.Show(options)
        let name = key.IsMap ? $"{key.Name}:{shown.Member}" : key.Name
        select new EffectiveSetting(name, shown.Value, origins.TryGetValue(name, out var entry) ? entry.Origin : "default");
}

/// <summary>One line of <c>closewatch config</c>.</summary>
/// <param name="Name">The key.</param>
/// <param name="Value">The value in force.</param>
/// <param name="Origin">Where it came from: <c>default</c>, <c>file PATH</c>, <c>environment NAME</c> or <c>command line</c>.</param>
internal sealed record EffectiveSetting(string Name, string Value, string Origin);
