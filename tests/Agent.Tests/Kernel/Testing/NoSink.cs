using Agent.Kernel.Conntrack;

namespace Agent.Tests.Kernel.Testing;

/// <summary>Takes entries and keeps none.</summary>
internal struct NoSink : IConntrackSink
{
    public readonly void OnFlow(in ConntrackFlow flow)
    {
    }

    public readonly void Restart()
    {
    }
}
