using System.Collections.Immutable;
using Agent.Core.Diagnosis;

namespace Agent.EndToEndTests.Monitoring;

/// <summary>The ids of all findings, as the program declares them.</summary>
public static class Findings
{
    public static ImmutableArray<string> Ids { get; } = [.. FindingCatalog.All.Select(static explanation => explanation.Id)];
}
