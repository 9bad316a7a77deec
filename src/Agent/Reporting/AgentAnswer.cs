using Agent.Core.Diagnosis;

namespace Agent.Reporting;

/// <summary>What came of asking the running agent.</summary>
/// <param name="Report">Its report, ready to print; null when there is none to be had.</param>
/// <param name="Worst">The worst finding in it; null when there is none.</param>
/// <param name="WhyNot">Why there is no report, in a few words; empty when there is one.</param>
internal sealed record AgentAnswer(string? Report, Severity? Worst, string WhyNot)
{
    public static AgentAnswer None(string whyNot) => new(null, null, whyNot);
}
