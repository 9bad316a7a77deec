namespace Agent.Kubernetes;

/// <summary>A limit on waiting that can be told from the caller's own wish to stop, and that can be renewed.</summary>
internal sealed class Patience : IDisposable
{
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _limit;
    private readonly CancellationTokenSource _either;

    public Patience(TimeSpan limit, TimeProvider time, CancellationToken caller)
    {
        _caller = caller;
        Limit = limit;
        _limit = new CancellationTokenSource(limit, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(caller, _limit.Token);
    }

    public CancellationToken Token => _either.Token;

    public TimeSpan Limit { get; private set; }

    /// <summary>True when the limit, not the caller, ended the wait.</summary>
    public bool IsExhausted => _limit.IsCancellationRequested && !_caller.IsCancellationRequested;

    /// <summary>Waits this long from now.</summary>
    public void Renew(TimeSpan limit)
    {
        Limit = limit;
        _limit.CancelAfter(limit);
    }

    public void Dispose()
    {
        _either.Dispose();
        _limit.Dispose();
    }
}
