namespace Agent.Configuration;

/// <summary>One known key: used for binding, validation, <c>closewatch config</c>, help and the table in README.md.</summary>
internal sealed record ConfigurationKey
{
    /// <summary>For example <c>Collection:Interval</c>. Of a map, the part before the member's name.</summary>
    public required string Name { get; init; }

    /// <summary>How its values are written.</summary>
    public required string Type { get; init; }

    /// <summary>The default, as it would be written.</summary>
    public required string Default { get; init; }

    public required string Description { get; init; }

    /// <summary>True for a key whose members have names of their own: <c>Remediation:Settings:NAME</c>.</summary>
    public bool IsMap { get; init; }

    /// <summary>Puts a value into the options. The second argument is the member's name, of a map only.</summary>
    public required Func<AgentOptions, string, string?, ParsedSetting<AgentOptions>> Bind { get; init; }

    /// <summary>The value in force, as it would be written; of a map, its members.</summary>
    public required Func<AgentOptions, IEnumerable<(string Member, string Value)>> Show { get; init; }

    public string Section => Name[..Name.IndexOf(':', StringComparison.Ordinal)];

    /// <summary>True when an entry of this name is for this key; gives the member's name of a map.</summary>
    public bool Matches(string name, out string member)
    {
        member = "";
        if (!IsMap)
        {
            return string.Equals(name, Name, StringComparison.OrdinalIgnoreCase);
        }

        var prefix = Name + ":";
        if (!name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) || name.Length == prefix.Length)
        {
            return false;
        }

        member = name[prefix.Length..];
        return true;
    }
}
