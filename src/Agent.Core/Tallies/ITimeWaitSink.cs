using Agent.Kernel.Net;

namespace Agent.Core.Tallies;

/// <summary>Is told of the connections that a dump of sockets shows to have been closed by this side first.</summary>
public interface ITimeWaitSink
{
    /// <summary>A socket in TIME_WAIT, or in FIN_WAIT2 without an owner. After a restart of the dump it may be told again.</summary>
    /// <param name="tuple">Local end first.</param>
    void OnTimeWait(in ConnectionTuple tuple);
}
