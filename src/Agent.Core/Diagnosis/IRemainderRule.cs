namespace Agent.Core.Diagnosis;

/// <summary>A finding about what all others leave unexplained: judged when they are known.</summary>
public interface IRemainderRule : IFindingRule
{
    /// <summary>What is wrong beyond what others found.</summary>
    /// <param name="context">What a rule may look at.</param>
    /// <param name="others">What the other rules found, in any order.</param>
    IEnumerable<Finding> Evaluate(DiagnosisContext context, IReadOnlyCollection<Finding> others);

    /// <inheritdoc/>
    IEnumerable<Finding> IFindingRule.Evaluate(DiagnosisContext context) => Evaluate(context, []);
}
