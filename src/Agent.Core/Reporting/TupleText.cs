using Agent.Kernel.Net;

namespace Agent.Core.Reporting;

/// <summary>The two ends of a connection as people read them.</summary>
internal static class TupleText
{
    /// <summary><c>10.0.0.1:80 → 10.0.0.2:40000</c>.</summary>
    public static string Arrow(ConnectionTuple tuple) =>
        $"{tuple.Source.ToString(tuple.SourcePort)} → {tuple.Destination.ToString(tuple.DestinationPort)}";
}
