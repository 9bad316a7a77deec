namespace Agent.Kernel.SockDiag;

/// <summary>
/// Receives the ends of connections, one call an end, on the thread that reads them. Implement it as a struct where it is called often.
/// </summary>
public interface IConnectionEndSink
{
    /// <summary>One end. The reference is valid during the call only.</summary>
    void OnEnd(in ConnectionEnd end);
}
