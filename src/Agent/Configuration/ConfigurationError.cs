namespace Agent.Configuration;

/// <summary>One thing that is wrong with the configuration.</summary>
/// <param name="Key">Which key, or which file.</param>
/// <param name="Value">The value as given; null when there is none to show.</param>
/// <param name="Origin">Where it came from.</param>
/// <param name="Reason">What is wrong with it.</param>
/// <param name="Remedy">What to do.</param>
internal sealed record ConfigurationError(string Key, string? Value, string Origin, string Reason, string Remedy)
{
    public override string ToString() =>
        Value is null ? $"{Key} ({Origin}): {Reason}; {Remedy}" : $"{Key} = '{Value}' ({Origin}): {Reason}; {Remedy}";
}
