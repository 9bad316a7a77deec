using Agent.Configuration;

namespace Agent.Loop;

/// <summary>Scans every interval, one scan at a time, for as long as the agent runs.</summary>
internal sealed partial class CollectorLoop(
    SnapshotPipeline pipeline,
    AgentOptionsStore options,
    LoopHealth health,
    Func<double> jitter,
    TimeProvider time,
    ILogger<CollectorLoop> logger)
    : BackgroundService
{
    /// <summary>How long the end of the agent waits for a scan to notice that it is cancelled.</summary>
    private static readonly TimeSpan s_stopPatience = TimeSpan.FromSeconds(1);

    private string _lastFailure = "";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var thread = new ScanThread();
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                var start = time.GetTimestamp();
                health.Beat(options.Current.Collection.Interval);
                if (!await ScanAsync(thread, stoppingToken).ConfigureAwait(false))
                {
                    await WaitAsync(start, stoppingToken).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await StopAsync(thread).ConfigureAwait(false);
        }
    }

    /// <returns>True when the next scan is to follow at once.</returns>
    private async Task<bool> ScanAsync(ScanThread thread, CancellationToken stoppingToken)
    {
        try
        {
            var goesOn = false;
            await thread.Run(() => goesOn = pipeline.Run(options.Current, stoppingToken)).WaitAsync(stoppingToken).ConfigureAwait(false);
            _lastFailure = "";
            health.NoteSuccess();
            return goesOn;
        }
        catch (Exception e) when (e is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
        {
            health.NoteFailure(e.Message);

            // The same failure every 15 seconds says nothing new.
            if (_lastFailure != e.Message)
            {
                LogScanFailed(e, e.Message);
                _lastFailure = e.Message;
            }

            return false;
        }
    }

    /// <summary>
    /// Waits for about the next multiple of the interval, counted from the beginning of the last scan: what a long scan has missed is
    /// left out, not made up for.
    /// </summary>
    private async Task WaitAsync(long start, CancellationToken stoppingToken)
    {
        var intervals = jitter();
        while (true)
        {
            var changed = options.Changed;
            var interval = options.Current.Collection.Interval * intervals;
            var elapsed = time.GetElapsedTime(start);
            var due = interval * Math.Max(1, Math.Ceiling(elapsed / interval));
            if (elapsed >= due)
            {
                return;
            }

            health.Beat(due - elapsed);
            using var delayEnds = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            var delay = Task.Delay(due - elapsed, time, delayEnds.Token);
            var ended = await Task.WhenAny(delay, changed).ConfigureAwait(false);
            await delayEnds.CancelAsync().ConfigureAwait(false);
            stoppingToken.ThrowIfCancellationRequested();
            if (ended == delay)
            {
                return;
            }
        }
    }

    private async Task StopAsync(ScanThread thread)
    {
        try
        {
            await thread.Run(pipeline.Dispose).WaitAsync(s_stopPatience, time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            LogScanAbandoned(s_stopPatience.TotalSeconds);
        }
    }

    [LoggerMessage(
        EventId = 1,
        Level = LogLevel.Error,
        Message = "The scan failed: {Reason}; the last good one is served until it is too old, and the next scan tries again")]
    private partial void LogScanFailed(Exception exception, string reason);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "A scan did not end within {Seconds} s; the agent ends without it")]
    private partial void LogScanAbandoned(double seconds);
}
