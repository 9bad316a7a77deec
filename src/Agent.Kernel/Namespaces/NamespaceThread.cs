using System.Runtime.ExceptionServices;

namespace Agent.Kernel.Namespaces;

/// <summary>
/// A thread of its own for work inside network namespaces. setns(2) changes the calling thread only, so such a thread must never be one
/// of the pool's. Between two runs it is back in the namespace that it started in, so that it keeps nobody else's alive.
/// </summary>
/// <remarks>Not thread-safe: one run at a time.</remarks>
public sealed class NamespaceThread : IDisposable
{
    private readonly string _procRoot;
    private readonly SemaphoreSlim _requested = new(0);
    private readonly SemaphoreSlim _finished = new(0);
    private Thread? _thread;
    private Action<NamespaceVisitor>? _work;
    private ExceptionDispatchInfo? _failure;
    private bool _isDisposed;

    /// <summary>Creates the object; the thread starts with the first run.</summary>
    /// <param name="procRoot">A mounted proc file system that shows the processes whose namespaces are entered.</param>
    public NamespaceThread(string procRoot) => _procRoot = procRoot;

    /// <summary>Runs work on the thread and waits for its end. The visitor is good during the work only.</summary>
    /// <exception cref="KernelException">The thread's own namespace cannot be opened, or cannot be returned to.</exception>
    /// <remarks>An exception of the work is thrown here as it is.</remarks>
    public void Run(Action<NamespaceVisitor> work)
    {
        Begin(work);
        Wait();
    }

    /// <summary>Begins to run work on the thread. The visitor is good during the work only.</summary>
    public void Begin(Action<NamespaceVisitor> work)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        _work = work;
        _failure = null;
        if (_thread is null)
        {
            // It starts in the namespace of the thread that creates it.
            _thread = new(Loop) { IsBackground = true, Name = "namespaces" };
            _thread.Start();
        }

        _requested.Release();
    }

    /// <summary>Waits for the end of what was begun.</summary>
    /// <exception cref="KernelException">The thread's own namespace cannot be opened, or cannot be returned to.</exception>
    /// <remarks>An exception of the work is thrown here as it is.</remarks>
    public void Wait()
    {
        _finished.Wait();
        _failure?.Throw();
    }

    /// <summary>Ends the thread and waits for its end.</summary>
    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _work = null;
            _requested.Release();
            _thread?.Join();
            _requested.Dispose();
            _finished.Dispose();
        }
    }

    private void Loop()
    {
        while (true)
        {
            _requested.Wait();
            if (_work is not { } work)
            {
                return;
            }

            var isHome = RunOnce(work);
            if (!isHome)
            {
                // A thread that cannot go home must end: it would keep a namespace alive. The next run starts another one.
                _thread = null;
            }

            _finished.Release();
            if (!isHome)
            {
                return;
            }
        }
    }

    private bool RunOnce(Action<NamespaceVisitor> work)
    {
        NamespaceVisitor? visitor = null;
        try
        {
            visitor = new NamespaceVisitor(_procRoot);
            work(visitor);
        }
        catch (Exception exception)
        {
            _failure = ExceptionDispatchInfo.Capture(exception);
        }

        try
        {
            visitor?.Return();
            return true;
        }
        catch (KernelException exception)
        {
            _failure = ExceptionDispatchInfo.Capture(exception);
            return false;
        }
        finally
        {
            visitor?.Dispose();
        }
    }
}
