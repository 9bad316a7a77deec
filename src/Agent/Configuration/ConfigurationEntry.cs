namespace Agent.Configuration;

/// <summary>One value as one source gives it.</summary>
/// <param name="Name">The key, sections separated by colons.</param>
/// <param name="Value">The text; null where a file says <c>null</c>.</param>
/// <param name="Origin">Where it stands, for people: <c>file PATH</c>, <c>environment NAME</c>, <c>command line --NAME</c>.</param>
internal sealed record ConfigurationEntry(string Name, string? Value, string Origin);
