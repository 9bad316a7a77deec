namespace Agent.Kernel.Conntrack;

/// <summary>
/// Receives the entries of one dump, one call an entry, in the kernel's order. Implement it as a struct: a dump is generic over it.
/// </summary>
public interface IConntrackSink
{
    /// <summary>One entry. The reference is valid during the call only.</summary>
    void OnFlow(in ConntrackFlow flow);

    /// <summary>
    /// The dump starts over (the kernel reported it inconsistent): forget everything received so far.
    /// </summary>
    void Restart();
}
