using Agent.Kernel;
using Agent.Sources;

namespace Agent.Tracing;

/// <summary>While somebody traces, ends are judged a quarter of a second after they came, not at the next scan.</summary>
internal sealed class TraceProbe(TraceHub hub, ConnectionEndWatch watch, TimeProvider time) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await hub.WaitForReaderAsync(stoppingToken).ConfigureAwait(false);
                using var probe = watch.CreateProbe();
                while (hub.HasReaders)
                {
                    Run(probe);
                    await Task.Delay(ConnectionEndProbe.Interval, time, stoppingToken).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The agent ends.
        }
    }

    private static void Run(ConnectionEndProbe probe)
    {
        try
        {
            probe.Run();
        }
        catch (KernelException)
        {
            // Namespaces cannot be entered: the scan says so, and settles what this does not.
        }
    }
}
