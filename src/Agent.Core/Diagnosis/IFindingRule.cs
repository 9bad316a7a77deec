namespace Agent.Core.Diagnosis;

/// <summary>
/// One finding: what it says and how it is judged. Pure: the same context gives the same findings. Silent when the sources that it
/// needs are missing.
/// </summary>
public interface IFindingRule
{
    /// <summary>Everything there is to say about the finding, whichever node it is found on.</summary>
    FindingExplanation Explanation { get; }

    /// <summary>What is wrong, worst first; empty when nothing is, or when it cannot be told.</summary>
    IEnumerable<Finding> Evaluate(DiagnosisContext context);
}
