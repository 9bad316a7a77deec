namespace Agent.Configuration;

/// <summary>Holds the options in force; a reload swaps them whole.</summary>
internal sealed class AgentOptionsStore(AgentOptions options)
{
    private volatile AgentOptions _current = options;
    private TaskCompletionSource _changed = New();

    public AgentOptions Current => _current;

    /// <summary>
    /// Ends when <see cref="Current"/> is swapped. Take it before reading <see cref="Current"/>, and no change is missed.
    /// </summary>
    public Task Changed => Volatile.Read(ref _changed).Task;

    public void Swap(AgentOptions options)
    {
        _current = options;
        Interlocked.Exchange(ref _changed, New()).SetResult();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
