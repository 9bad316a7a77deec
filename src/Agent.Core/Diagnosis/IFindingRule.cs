namespace Agent.Core.Diagnosis;

/// <summary>Judges one cause. Pure: the same context gives the same findings. Silent when the sources it needs are missing.</summary>
public interface IFindingRule
{
    /// <summary>The finding's id.</summary>
    string Id { get; }

    /// <summary>What is wrong, worst first; empty when nothing is, or when it cannot be told.</summary>
    IEnumerable<Finding> Evaluate(DiagnosisContext context);
}
