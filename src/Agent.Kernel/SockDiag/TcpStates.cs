namespace Agent.Kernel.SockDiag;

/// <summary>Sets of states for a dump: bits of idiag_states, <c>1 &lt;&lt; TCP_*</c>.</summary>
public static class TcpStates
{
    /// <summary>Every state, request sockets included.</summary>
    public const uint All = 0x1FFE;

    /// <summary>CLOSE_WAIT, FIN_WAIT1 and FIN_WAIT2.</summary>
    public const uint HalfClosed = (1u << (int)TcpState.CloseWait) | (1u << (int)TcpState.FinWait1) | (1u << (int)TcpState.FinWait2);

    /// <summary>ESTABLISHED.</summary>
    public const uint Established = 1u << (int)TcpState.Established;

    /// <summary>LISTEN.</summary>
    public const uint Listen = 1u << (int)TcpState.Listen;
}
