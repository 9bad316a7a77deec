using Agent.Core.Ends;
using Agent.Kernel;
using Agent.Kernel.Ends;
using Agent.Kernel.SockDiag;

namespace Agent.Sources;

/// <summary>
/// The one thread that reads what the kernel tells of ends. It gathers for a moment before it reads: waking up for each end would cost more
/// than the end.
/// </summary>
internal sealed class ConnectionEndThread : IDisposable
{
    /// <summary>
    /// What the kernel is assumed to spend on a message beside this thread: the two together took 2 to 3 us on Linux 6.18.
    /// </summary>
    private static readonly TimeSpan s_kernelCost = TimeSpan.FromMicroseconds(1.5);

    /// <summary>What it spends on offering a message to one more socket.</summary>
    private static readonly TimeSpan s_offerCost = TimeSpan.FromMicroseconds(0.01);

    private static readonly TimeSpan s_gathering = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_round = TimeSpan.FromSeconds(1);

    /// <summary>So much is read before the clock, the budget and the end are looked at again.</summary>
    private const int MaxMessages = 4096;

    /// <summary>A buffer that holds less than this may overflow while ends are gathered.</summary>
    private const int LargeBufferBytes = 4 * 1024 * 1024;

    private readonly ConnectionEndListener _listener;
    private readonly ConnectionEndBook _book;
    private readonly ConnectionEndLookups? _lookups;
    private readonly Thread _thread;
    private TimeSpan _cpuTime;
    private long _messages;
    private TimeSpan _roundAt;
    private volatile bool _isStopping;
    private volatile bool _isFinishing;

    public ConnectionEndThread(ConnectionEndListener listener, ConnectionEndBook book, ConnectionEndLookups? lookups)
    {
        _listener = listener;
        _book = book;
        _lookups = lookups;
        _thread = new(Loop) { IsBackground = true, Name = "connection ends" };
        _thread.Start();
    }

    /// <summary>Why it reads no more; null while it does.</summary>
    public KernelException? Failure { get; private set; }

    /// <summary>Hears nothing from now on; what has been told is read. Ends the thread and waits for its end.</summary>
    public void Finish()
    {
        _isFinishing = true;
        Dispose();
    }

    /// <summary>Ends the thread and waits for its end.</summary>
    public void Dispose()
    {
        _isStopping = true;
        _listener.Wake();
        _thread.Join();
    }

    private void Loop()
    {
        try
        {
            while (!_isStopping)
            {
                Read();
            }

            if (_isFinishing)
            {
                ReadRest();
            }
        }
        catch (KernelException exception)
        {
            Failure = exception;
        }
    }

    private void ReadRest()
    {
        _listener.Leave();
        var sink = new Sink(_book);
        while (_listener.Read(ref sink, MaxMessages) > 0)
        {
            // Until nothing is left.
        }
    }

    private void Read()
    {
        var now = _book.Now;
        var sink = new Sink(_book);
        var messages = _listener.Read(ref sink, MaxMessages);
        _messages += messages;
        if (now.Monotonic >= _roundAt)
        {
            _roundAt = now.Monotonic + s_round;
            Round(now, ref sink);
        }

        if (messages == 0)
        {
            _listener.Wait(s_round);
        }
        else if (messages < MaxMessages && _listener.GrantedBufferBytes >= LargeBufferBytes)
        {
            Thread.Sleep(s_gathering);
        }
    }

    /// <summary>What is due once a second: the budget, questions for the conntrack table, sockets of namespaces that are gone.</summary>
    private void Round(EndClock now, ref Sink sink)
    {
        var cpuTime = ThreadTime.Read();
        var kernelTime = (s_kernelCost + (s_offerCost * _listener.NamespaceSocketCount)) * _messages;
        var listen = _book.Account(now, cpuTime - _cpuTime, kernelTime);
        (_cpuTime, _messages) = (cpuTime, 0);
        if (listen != _listener.IsListening)
        {
            if (listen)
            {
                _listener.Join();
            }
            else
            {
                _listener.Leave();
            }
        }

        _lookups?.Run(_book);
        _book.Settle();
        if (_listener.NamespaceSocketCount > 0)
        {
            _listener.CloseAbandoned(ref sink);
        }
    }

    private readonly struct Sink(ConnectionEndBook book) : IConnectionEndSink
    {
        public void OnEnd(in ConnectionEnd end) => book.OnEnd(end);
    }
}
