using System.Threading.Channels;

namespace Agent.Loop;

/// <summary>
/// The one thread that scans. Scans block in the kernel and change namespaces: they have no business on pool threads. It is
/// a background thread, so that one that hangs does not keep the process alive.
/// </summary>
internal sealed class ScanThread : IDisposable
{
    private readonly Channel<Action> _work = Channel.CreateUnbounded<Action>(new() { SingleReader = true });

    public ScanThread()
    {
        var thread = new Thread(Work) { IsBackground = true, Name = "scan" };
        thread.Start();
    }

    /// <summary>Runs one piece of work after those before it.</summary>
    public Task Run(Action action)
    {
        var completion = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var accepted = _work.Writer.TryWrite(() =>
        {
            try
            {
                action();
                completion.SetResult();
            }
            catch (Exception e)
            {
                completion.SetException(e);
            }
        });
        ObjectDisposedException.ThrowIf(!accepted, this);
        return completion.Task;
    }

    /// <summary>Lets the thread end when it has finished what it does; does not wait for that.</summary>
    public void Dispose() => _work.Writer.TryComplete();

    private void Work()
    {
        while (_work.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (_work.Reader.TryRead(out var action))
            {
                action();
            }
        }
    }
}
