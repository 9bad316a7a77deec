using Agent.Kernel.Conntrack;

namespace Agent.Tests.Kernel.Testing;

/// <summary>Keeps every entry of a dump.</summary>
internal struct FlowList() : IConntrackSink
{
    public List<ConntrackFlow> Flows { get; } = [];

    public int Restarts { get; private set; }

    public readonly void OnFlow(in ConntrackFlow flow) => Flows.Add(flow);

    public void Restart()
    {
        Restarts++;
        Flows.Clear();
    }
}
