using System.Collections.Frozen;
using Agent.Core.Model;
using Agent.Kernel.Net;

namespace Agent.Sources;

/// <summary>Adds the names of peers beyond this node to what another scanner reads.</summary>
internal sealed class NamedPeersScanner(INodeScanner scanner, Func<FrozenDictionary<IpAddress, string>> names) : INodeScanner
{
    public Snapshot Scan(ScanRequest request, CancellationToken cancellationToken) =>
        scanner.Scan(request, cancellationToken) with { PeerNames = names() };

    public void Dispose() => scanner.Dispose();
}
