using System.Collections.Immutable;
using System.Reflection;
using Agent.Core.Diagnosis;

namespace Agent.EndToEndTests.Monitoring;

/// <summary>The ids of all findings, as the program declares them.</summary>
public static class Findings
{
    public static ImmutableArray<string> Ids { get; } =
        [.. typeof(FindingIds).GetFields(BindingFlags.Public | BindingFlags.Static).Select(static field => (string)field.GetRawConstantValue()!)];
}
