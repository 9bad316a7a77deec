using Agent.Kernel.Net;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Tallies;

/// <content>What an earlier dump showed is shown again; see <see cref="SocketMemory"/>.</content>
public sealed partial class SocketTally
{
    /// <summary>Shows an earlier dump of the namespace. Its listeners and half-closed sockets are to be added.</summary>
    /// <param name="memory">Holds it.</param>
    /// <param name="idleFor">How much longer connections have been idle since; null when that is not known.</param>
    public void Recall(SocketMemory memory, TimeSpan? idleFor)
    {
        ArgumentNullException.ThrowIfNull(memory);
        Restart();
        memory.States.CopyTo(Row(_ownerIndex));
        foreach (var state in memory.States)
        {
            Total += state;
        }

        _established.AddRange(memory.Established);
        foreach (var port in memory.Ports)
        {
            var idle = idleFor is { } longer && port.IdleSamples > 0 ? port.LongestIdleMilliseconds + longer.TotalMilliseconds : 0;
            _ports.Add(port with
            {
                OwnerIndex = _ownerIndex,
                IdleSamples = idleFor is null ? 0 : port.IdleSamples,
                LongestIdleMilliseconds = (uint)Math.Min(idle, uint.MaxValue),
            });
            _portNumbers[port.Port] = (short)_ports.Count;
        }

        RestartListeners();
    }

    /// <summary>Shows the listeners as they were, too: nothing waits in their queues.</summary>
    public void RecallListeners(SocketMemory memory)
    {
        ArgumentNullException.ThrowIfNull(memory);
        RestartListeners();
        for (var i = 0; i < memory.Ports.Count; i++)
        {
            var (then, port) = (memory.Ports[i], _ports[i]);
            _ports[i] = port with
            {
                Backlog = then.Backlog,
                Listeners = then.Listeners,
            };
        }

        Row(_ownerIndex)[(int)TcpState.Listen] = memory.Listeners;
        Total += memory.Listeners;
    }

    /// <summary>Forgets the listeners only, and what waits in their queues.</summary>
    public void RestartListeners()
    {
        ref var listeners = ref Row(_ownerIndex)[(int)TcpState.Listen];
        Total -= listeners;
        listeners = 0;
        for (var i = 0; i < _ports.Count; i++)
        {
            _ports[i] = _ports[i] with { Queued = 0, Backlog = 0, Listeners = default };
        }
    }

    /// <summary>True when the listeners that were added have the ports of an earlier dump, neither more nor fewer.</summary>
    public bool HasPortsOf(SocketMemory memory)
    {
        ArgumentNullException.ThrowIfNull(memory);
        return _ports.Count == memory.Ports.Count && !_ports.Exists(static port => port.Listeners.IsEmpty);
    }

    /// <summary>Copies what was counted of a namespace that has one owner.</summary>
    /// <param name="states">Receives the sockets by state, without listeners and half-closed ones.</param>
    /// <param name="ports">Receives the listening ports.</param>
    /// <param name="established">Receives some established connections.</param>
    /// <returns>How many listeners and half-closed sockets there are.</returns>
    internal (long Listeners, long HalfClosed) CopyTo(Span<long> states, List<PortTally> ports, List<ConnectionTuple> established)
    {
        Row(_ownerIndex).CopyTo(states);
        var halfClosed = states[(int)TcpState.CloseWait] + states[(int)TcpState.FinWait1] + states[(int)TcpState.FinWait2];
        var listeners = states[(int)TcpState.Listen];
        states[(int)TcpState.CloseWait] = states[(int)TcpState.FinWait1] = states[(int)TcpState.FinWait2] = 0;
        states[(int)TcpState.Listen] = 0;
        ports.Clear();
        ports.AddRange(_ports);
        established.Clear();
        established.AddRange(_established);
        return (listeners, halfClosed);
    }
}
