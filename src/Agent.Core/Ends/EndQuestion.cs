using Agent.Kernel.Net;

namespace Agent.Core.Ends;

/// <summary>A question for the sockets of a namespace: is this one in TIME_WAIT, so that its side closed first?</summary>
/// <param name="Id">For the answer.</param>
/// <param name="NamespaceId"><see cref="EndsNamespace.Id"/> of the namespace.</param>
/// <param name="Tuple">Local end first.</param>
public readonly record struct EndQuestion(long Id, int NamespaceId, ConnectionTuple Tuple);
