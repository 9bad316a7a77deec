using Agent.Kernel.Conntrack;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Model;

/// <summary>States as the report and the metrics spell them.</summary>
public static class StateNames
{
    /// <summary>For example <c>close_wait</c>.</summary>
    public static string Of(TcpState state) => state switch
    {
        TcpState.Established => "established",
        TcpState.SynSent => "syn_sent",
        TcpState.SynRecv or TcpState.NewSynRecv => "syn_recv",
        TcpState.FinWait1 => "fin_wait1",
        TcpState.FinWait2 => "fin_wait2",
        TcpState.TimeWait => "time_wait",
        TcpState.Close => "close",
        TcpState.CloseWait => "close_wait",
        TcpState.LastAck => "last_ack",
        TcpState.Listen => "listen",
        TcpState.Closing => "closing",
        _ => "none",
    };

    /// <summary>For example <c>close_wait</c>.</summary>
    public static string Of(TcpConntrackState state) => TcpConntrackStates.Name(state);
}
