using System.Runtime.CompilerServices;
using Agent.Configuration;
using Agent.Core.Model;
using Agent.Core.Tracing;
using Agent.Kernel;
using Agent.Sources;

namespace Agent.Tracing;

/// <summary>Lines that this program hears itself, where no agent runs.</summary>
/// <param name="scanner">Finds namespaces and whose they are; disposed of with this object.</param>
/// <param name="options">What is listened to.</param>
/// <param name="filter">What is wanted.</param>
/// <param name="time">The clock.</param>
internal sealed class LocalTrace(INodeScanner scanner, CollectionOptions options, TraceFilter filter, TimeProvider time) : ITraceFeed
{
    /// <summary>How often namespaces and listening ports are looked for.</summary>
    private static readonly TimeSpan s_scanInterval = TimeSpan.FromSeconds(5);

    private readonly TraceHub _hub = new();
    private long _missed;

    public string Origin => "by this command";

    public async IAsyncEnumerable<TraceItem> ReadAsync([EnumeratorCancellation] CancellationToken ending)
    {
        using var reader = _hub.TryAttach(filter)!;
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(ending);
        var work = Task.Run(() => ListenAsync(leaving.Token), CancellationToken.None);
        try
        {
            await foreach (var item in ReadAsync(reader, work).ConfigureAwait(false))
            {
                yield return item;
            }
        }
        finally
        {
            // Whoever leaves amid the lines (--count) disposes of the scanner next.
            await leaving.CancelAsync().ConfigureAwait(false);
            await Task.WhenAny(work).ConfigureAwait(false);
        }

        await work.ConfigureAwait(false);
    }

    public void Dispose() => scanner.Dispose();

    private async IAsyncEnumerable<TraceItem> ReadAsync(TraceReader reader, Task work)
    {
        var missed = 0L;
        while (true)
        {
            var isOver = work.IsCompleted;
            while (reader.TryRead(out var end))
            {
                yield return new(end, null);
            }

            var notice = new TraceNotice(Interlocked.Read(ref _missed) - missed, reader.TakeSkipped());
            missed += notice.Missed;
            if (!notice.IsEmpty)
            {
                yield return new(default, notice);
            }

            if (isOver)
            {
                break;
            }

            await Task.WhenAny(work, reader.WaitAsync(ConnectionEndProbe.Interval, time, CancellationToken.None)).ConfigureAwait(false);
        }
    }

    private async Task ListenAsync(CancellationToken ending)
    {
        try
        {
            await ListenUntilAsync(ending).ConfigureAwait(false);
        }
        catch (KernelException exception)
        {
            throw new TraceFailedException(exception.Message, exception);
        }
    }

    private async Task ListenUntilAsync(CancellationToken ending)
    {
        // A trace is for minutes, and asked for: everything is heard, whatever it costs.
        using var watch = new ConnectionEndWatch(options with { CpuBudgetPercent = 100 }, time, _hub);
        var request = new ScanRequest(DumpConntrack: false) { Ends = watch };
        try
        {
            Scan(request, isFirst: true, ending);
            using var probe = watch.CreateProbe();
            var scannedAt = time.GetTimestamp();
            while (true)
            {
                await Task.Delay(ConnectionEndProbe.Interval, time, ending).ConfigureAwait(false);
                probe.Run();
                if (time.GetElapsedTime(scannedAt) >= s_scanInterval)
                {
                    Scan(request, isFirst: false, ending);
                    scannedAt = time.GetTimestamp();
                }
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            watch.Finish();
            Scan(request, isFirst: false, CancellationToken.None);
        }
    }

    private void Scan(ScanRequest request, bool isFirst, CancellationToken ending)
    {
        var snapshot = scanner.Scan(request, ending);
        Interlocked.Exchange(ref _missed, snapshot.ConnectionEnds?.Missed ?? 0);
        if (isFirst && !snapshot.HasSource(SourceNames.ConnectionEnds))
        {
            throw new TraceFailedException(
                snapshot.Source(SourceNames.ConnectionEnds)?.Detail
                    ?? "the ends of connections are not told in a captured tree; trace a live node");
        }
    }
}
