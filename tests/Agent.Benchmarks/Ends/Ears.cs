using Agent.Kernel.Ends;
using Agent.Sources;

namespace Agent.Benchmarks.Ends;

/// <summary>What the agent does to hear ends: its listener, its book and its thread, as in the service.</summary>
internal sealed class Ears : IDisposable
{
    private readonly ConnectionEndListener _listener = ConnectionEndListener.Open("/proc");
    private readonly ConnectionEndBook _book = new(TimeProvider.System, percent: 100, observer: null);
    private readonly ConnectionEndLookups _lookups = new(TimeSpan.FromSeconds(2));
    private readonly ConnectionEndThread _thread;

    /// <summary>Begins to listen in the calling thread's namespace, and in others.</summary>
    /// <param name="others">Attaches to other namespaces; null for none.</param>
    public Ears(Action<ConnectionEndListener>? others = null)
    {
        others?.Invoke(_listener);
        _thread = new(_listener, _book, _lookups);
    }

    public ConnectionEndStatistics Heard => _listener.ReadStatistics();

    public bool HearsAllNamespaces => _listener.HearsAllNamespaces;

    /// <summary>Waits until so many ends were heard or missed.</summary>
    public void Await(long ends)
    {
        for (var patience = 0; Heard is var heard && heard.Ends + heard.Missed < ends; patience++)
        {
            if (patience > 1000)
            {
                throw new TimeoutException($"of {ends} ends, this was heard: {heard}");
            }

            Thread.Sleep(10);
        }
    }

    public void Dispose()
    {
        _thread.Dispose();
        _listener.Dispose();
    }
}
