using Agent.Configuration;
using Agent.Core.Model;
using Agent.Kubernetes;
using Agent.Loop;
using Agent.Sources;
using Agent.Tracing;

namespace Agent.Hosting;

/// <summary>
/// The first scan, begun before the host is built, which takes as long as to read a node. Not made where the API server names the pods:
/// there the first scan comes after the first list.
/// </summary>
internal sealed class HeadStart
{
    private readonly AgentHostSettings _settings;
    private INodeScanner? _scanner;

    private HeadStart(AgentHostSettings settings)
    {
        _settings = settings;
        var options = settings.Configuration.Options;
        Ends = new(options.Collection, settings.Time, Traces);
        _scanner = settings.Kubernetes is null
            ? new BegunScanner(() => settings.CreateScanner(options, null), FirstRequest(options))
            : null;
    }

    /// <summary>What the first scan has begun to listen with.</summary>
    public ConnectionEndWatch Ends { get; }

    /// <summary>Where <see cref="Ends"/> leads to.</summary>
    public TraceHub Traces { get; } = new();

    /// <summary>Begins to scan.</summary>
    public static HeadStart Begin(AgentHostSettings settings) => new(settings);

    /// <summary>The scanner that has begun, once and if these options still ask for it; otherwise another one.</summary>
    public INodeScanner CreateScanner(AgentOptions options, IKubernetesPods? pods)
    {
        if (Interlocked.Exchange(ref _scanner, null) is { } begun)
        {
            if (options.Reading.Equals(_settings.Configuration.Options.Reading))
            {
                return begun;
            }

            begun.Dispose();
        }

        return _settings.CreateScanner(options, pods);
    }

    private ScanRequest FirstRequest(AgentOptions options) => new(true)
    {
        Ends = Ends,
        MayLeaveTable = true,
        SocketBudgetPercent = options.Collection.CpuBudgetPercent,
    };

    /// <summary>Gives away what it has begun to read as its first scan. What makes the scanner fail, fails that scan.</summary>
    private sealed class BegunScanner : INodeScanner
    {
        private readonly Func<INodeScanner> _create;
        private readonly CancellationTokenSource _stop = new();
        private INodeScanner? _scanner;
        private Task? _reading;
        private Snapshot? _first;

        public BegunScanner(Func<INodeScanner> create, ScanRequest request)
        {
            _create = create;
            using var thread = new ScanThread();
            _reading = thread.Run(() => _first = Scanner.Scan(request, _stop.Token));
        }

        private INodeScanner Scanner => _scanner ??= _create();

        public Snapshot Scan(ScanRequest request, CancellationToken cancellationToken)
        {
            if (_reading is not { } reading)
            {
                return Scanner.Scan(request, cancellationToken);
            }

            _reading = null;
            using (cancellationToken.Register(_stop.Cancel))
            {
                reading.GetAwaiter().GetResult();
            }

            return _first!;
        }

        public void Dispose()
        {
            _stop.Cancel();
            if (_reading is { } reading)
            {
                // Whatever became of it, nobody waits for it any more.
                Task.WaitAny(reading);
            }

            _scanner?.Dispose();
            _stop.Dispose();
        }
    }
}
