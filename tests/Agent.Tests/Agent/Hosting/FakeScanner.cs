using Agent.Core.Model;
using Agent.Sources;
using Agent.Tests.Testing;

namespace Agent.Tests.Agent.Hosting;

/// <summary>A scanner whose scans a test decides on. Fails the test when two scans run at once.</summary>
internal sealed class FakeScanner : INodeScanner
{
    private readonly Func<ScanRequest, int, CancellationToken, Snapshot> _scan;
    private int _running;

    public FakeScanner(Func<ScanRequest, int, CancellationToken, Snapshot>? scan = null) => _scan = scan ?? ((_, _, _) => TestSnapshots.Of());

    public int Scans { get; private set; }

    public List<ScanRequest> Requests { get; } = [];

    public bool Overlapped { get; private set; }

    public bool Disposed { get; private set; }

    public int ThreadId { get; private set; }

    public bool OnPoolThread { get; private set; }

    public Snapshot Scan(ScanRequest request, CancellationToken cancellationToken)
    {
        Overlapped |= Interlocked.Increment(ref _running) > 1;
        OnPoolThread |= Thread.CurrentThread.IsThreadPoolThread;
        ThreadId = Environment.CurrentManagedThreadId;
        try
        {
            lock (Requests)
            {
                Requests.Add(request);
            }

            return _scan(request, ++Scans, cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }

    public void Dispose() => Disposed = true;
}
