using System.Collections.Immutable;
using Agent.Core.Ends;
using Agent.Core.Tracing;

namespace Agent.Tracing;

/// <summary>
/// Gives judged ends to whoever traces. Costs one read of a field an end while nobody does, and never waits for a reader.
/// </summary>
internal sealed class TraceHub : IEndObserver
{
    /// <summary>How many may trace at once.</summary>
    public const int MaxReaders = 8;

    private ImmutableArray<TraceReader> _readers = [];
    private TaskCompletionSource _attached = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>True while somebody traces.</summary>
    public bool HasReaders => !_readers.IsEmpty;

    /// <summary>Adds a reader; it leaves when it is disposed of.</summary>
    /// <returns>Null when as many trace as may.</returns>
    public TraceReader? TryAttach(TraceFilter filter)
    {
#pragma warning disable CA2000 // Whoever attaches disposes of it; one that was not taken holds nothing.
        var reader = new TraceReader(filter, Detach);
#pragma warning restore CA2000
        if (!ImmutableInterlocked.Update(
            ref _readers, static (readers, added) => readers.Length < MaxReaders ? readers.Add(added) : readers, reader))
        {
            return null;
        }

        Interlocked.Exchange(ref _attached, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        return reader;
    }

    /// <summary>Waits until somebody traces.</summary>
    public async Task WaitForReaderAsync(CancellationToken cancellationToken)
    {
        while (!HasReaders)
        {
            var attached = Volatile.Read(ref _attached).Task;
            if (!HasReaders)
            {
                await attached.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    public void OnJudged(in JudgedEnd end)
    {
        foreach (var reader in _readers)
        {
            reader.Offer(end);
        }
    }

    private void Detach(TraceReader reader) =>
        ImmutableInterlocked.Update(ref _readers, static (readers, removed) => readers.Remove(removed), reader);
}
