using Agent.Kernel.Conntrack;

namespace Agent.Core.Tallies;

/// <summary>Hands the entries of a dump to a <see cref="FlowTally"/>.</summary>
/// <param name="tally">Counts them.</param>
public readonly struct FlowTallySink(FlowTally tally) : IConntrackSink
{
    /// <inheritdoc/>
    public void OnFlow(in ConntrackFlow flow) => tally.Add(flow);

    /// <inheritdoc/>
    public void Restart() => tally.Restart();
}
