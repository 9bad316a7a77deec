using System.Runtime.CompilerServices;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Netlink;

namespace Agent.Benchmarks.Conntrack;

/// <summary>Counts entries by protocol and TCP state, as a scan does.</summary>
internal struct Tally : IConntrackSink
{
    private Counts _protocols;
    private Counts _states;
    private int _halfClosed;

    public void OnFlow(in ConntrackFlow flow)
    {
        _protocols[flow.Protocol]++;
        if (flow.Has(ConntrackFields.TcpState))
        {
            _states[(int)flow.TcpState]++;
        }

        if (flow.IsHalfClosed)
        {
            _halfClosed++;
        }
    }

    public void Restart() => this = default;

    /// <summary>A benchmark of a wrong answer is worth nothing.</summary>
    public readonly void Verify(DumpResult result, int entries)
    {
        if (result.Messages != entries || result.Malformed != 0 || _protocols[6] == 0 || _states[5] == 0 || _halfClosed == 0)
        {
            throw new InvalidOperationException($"{entries} entries were loaded, the scan saw {result}");
        }
    }

    [InlineArray(256)]
    private struct Counts
    {
        private int _first;
    }
}
