using System.Collections.Immutable;

namespace Agent.Core.Metrics;

/// <summary>The series of the sysctls that remediation looks after.</summary>
internal static class RemediationMetrics
{
    public static void Write(MetricFamilyWriter output, ImmutableArray<SysctlNumbers> sysctls)
    {
        foreach (var sysctl in sysctls)
        {
            output.Add(MetricCatalog.SysctlValue, sysctl.Value, sysctl.Scope, sysctl.Sysctl);
            output.Add(MetricCatalog.SysctlDesired, sysctl.Desired, sysctl.Scope, sysctl.Sysctl);
            foreach (var (result, count) in sysctl.Writes)
            {
                output.Add(MetricCatalog.RemediationWrites, count, sysctl.Scope, sysctl.Sysctl, result);
            }

            foreach (var (result, count) in sysctl.Conflicts)
            {
                output.Add(MetricCatalog.RemediationConflicts, count, sysctl.Scope, sysctl.Sysctl, result);
            }
        }
    }
}
