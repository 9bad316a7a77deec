namespace Agent.Configuration;

/// <summary>One line of <c>closewatch config</c>.</summary>
/// <param name="Name">The key.</param>
/// <param name="Value">The value in force.</param>
/// <param name="Origin">Where it came from: <c>default</c>, <c>file PATH</c>, <c>environment NAME</c> or <c>command line</c>.</param>
internal sealed record EffectiveSetting(string Name, string Value, string Origin);
