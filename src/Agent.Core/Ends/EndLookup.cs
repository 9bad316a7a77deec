using Agent.Kernel.Net;

namespace Agent.Core.Ends;

/// <summary>A question for the node's conntrack table: how did this connection end there?</summary>
/// <param name="Id">For the answer.</param>
/// <param name="Tuple">The socket's own view, local end first.</param>
public readonly record struct EndLookup(long Id, ConnectionTuple Tuple);
