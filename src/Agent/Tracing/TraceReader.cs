using System.Threading.Channels;
using Agent.Core.Ends;
using Agent.Core.Tracing;

namespace Agent.Tracing;

/// <summary>One who traces: what waits to be taken is bounded, what does not fit is counted.</summary>
/// <param name="filter">What it wants.</param>
/// <param name="detach">Called once, when it leaves.</param>
internal sealed class TraceReader(TraceFilter filter, Action<TraceReader> detach) : IDisposable
{
    /// <summary>Ends that may wait.</summary>
    public const int Capacity = 4096;

    private readonly Channel<JudgedEnd> _ends =
        Channel.CreateBounded<JudgedEnd>(new BoundedChannelOptions(Capacity) { SingleReader = true, SingleWriter = false });

    private long _skipped;

    /// <summary>Gives it an end, if it wants it and has room.</summary>
    public void Offer(in JudgedEnd end)
    {
        if (filter.Includes(end) && !_ends.Writer.TryWrite(end))
        {
            Interlocked.Increment(ref _skipped);
        }
    }

    /// <summary>The next end, without waiting.</summary>
    public bool TryRead(out JudgedEnd end) => _ends.Reader.TryRead(out end);

    /// <summary>Ends that it had no room for since the last call.</summary>
    public long TakeSkipped() => Interlocked.Exchange(ref _skipped, 0);

    /// <summary>Waits for an end.</summary>
    /// <returns>False when none came in time.</returns>
    public async Task<bool> WaitAsync(TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            return await _ends.Reader.WaitToReadAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    public void Dispose() => detach(this);
}
