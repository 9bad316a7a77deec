using Agent.Core.Diagnosis;

namespace Agent.Core.Metrics;

/// <summary>One series for each finding, so that alerts follow the diagnosis.</summary>
internal static class FindingMetrics
{
    public static void Write(MetricFamilyWriter output, MetricsInput input, PodGrouping grouping)
    {
        var family = new PodFamilyBuilder(MetricCatalog.FindingActive, grouping);
        foreach (var finding in input.Diagnosis.Findings)
        {
            var group = finding.Subject.IsOfNode
                ? new PodGroup("", "", true)
                : grouping[finding.Subject.Namespace, finding.Subject.Name];
            family.Add(group, 1, finding.Id, Verdicts.Name(finding.Severity));
        }

        output.Add(MetricCatalog.FindingActive, family);
    }
}
