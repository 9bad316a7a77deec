using Agent.Core.Model;
using Agent.Sources;

namespace Agent.Tests.Agent.Commands;

/// <summary>Gives prepared snapshots, the last one again and again.</summary>
internal sealed class FakeNodeScanner(params Snapshot[] snapshots) : INodeScanner
{
    private int _next;

    public int Scans => _next;

    public bool IsDisposed { get; private set; }

    public Snapshot Scan(ScanRequest request, CancellationToken cancellationToken) => snapshots[Math.Min(_next++, snapshots.Length - 1)];

    public void Dispose() => IsDisposed = true;
}
