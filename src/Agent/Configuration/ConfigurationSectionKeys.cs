namespace Agent.Configuration;

/// <summary>Makes the keys of one section.</summary>
/// <param name="name">The section.</param>
/// <param name="get">Its record.</param>
/// <param name="set">The options with another record for it.</param>
internal sealed class ConfigurationSectionKeys<TSection>(
    string name, Func<AgentOptions, TSection> get, Func<AgentOptions, TSection, AgentOptions> set)
{
    public ConfigurationKey Key<T>(
        string key,
        SettingType<T> type,
        string description,
        Func<TSection, T> read,
        Func<TSection, T, TSection> write,
        string? defaultText = null) => new()
        {
            Name = $"{name}:{key}",
            Type = type.Name,
            Default = defaultText ?? type.Format(read(get(new AgentOptions()))),
            Description = description,
            Bind = (options, _, text) => type.Parse(text ?? "") is var parsed && parsed.Reason is { } reason
                ? ParsedSetting<AgentOptions>.Failed(reason, parsed.Remedy)
                : ParsedSetting<AgentOptions>.Of(set(options, write(get(options), parsed.Value!))),
            Show = options => [("", type.Format(read(get(options))))],
        };
}
