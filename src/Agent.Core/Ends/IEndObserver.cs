namespace Agent.Core.Ends;

/// <summary>Sees every end as it is counted.</summary>
public interface IEndObserver
{
    /// <summary>One end is judged, or the loss of one that was judged before is known now (<see cref="JudgedEnd.IsCorrection"/>).</summary>
    void OnJudged(in JudgedEnd end);
}
