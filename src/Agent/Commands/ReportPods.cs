using Agent.Configuration;
using Agent.Kubernetes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Agent.Commands;

/// <summary>What the API server says of this node's pods, asked once for a report.</summary>
internal sealed class ReportPods : IDisposable
{
    /// <summary>A report must come while the control plane is down.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly PodWatcher _watcher;

    private ReportPods(PodWatcher watcher)
    {
        _watcher = watcher;
    }

    public IKubernetesPods Source => _watcher;

    /// <summary>Null where the API server is not to be asked: switched off, or not in a cluster.</summary>
    public static async Task<ReportPods?> AskAsync(AgentOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        if (PodWatcherSettings.FromOptions(options.Pods) is not { } settings)
        {
            return null;
        }

        var watcher = new PodWatcher(settings, time, NullLogger<PodWatcher>.Instance);
        await watcher.StartAsync(cancellationToken).ConfigureAwait(false);
        await Task.WhenAny(watcher.FirstAttempt, Task.Delay(s_patience, time, cancellationToken)).ConfigureAwait(false);
        return new(watcher);
    }

    public void Dispose() => _watcher.Dispose();
}
