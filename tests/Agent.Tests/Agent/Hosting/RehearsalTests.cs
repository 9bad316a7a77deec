using Agent.Core.Diagnosis;
using Agent.Hosting;
using Xunit;

namespace Agent.Tests.Agent.Hosting;

public class RehearsalTests
{
    [Fact]
    public void Rehearsal_JudgesAScanOfNothingByTheRealRules()
    {
        var results = new List<DiagnosisResult>();
        var settings = new AgentHostSettings
        {
            Configuration = TestAgent.Configure(null),
            CreateScanner = static (_, _) => throw new InvalidOperationException("the node is not read"),
            Diagnose = (context, alsoFound) =>
            {
                Assert.Empty(context.Current.Pods);
                var result = DiagnosisEngine.Evaluate(context, alsoFound);
                results.Add(result);
                return result;
            },
        };

        Rehearsal.Run(settings);

        Assert.DoesNotContain(Assert.Single(results).Findings, static finding => finding.Severity > Severity.Info);
    }
}
