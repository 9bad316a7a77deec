using Agent.Kernel;
using Agent.Kernel.Namespaces;

namespace Agent.Sources;

/// <summary>
/// Reads the settings of namespaces in a second thread, from the last to the first, while a scan goes from the first to the last: thirty
/// files of each, which are a third of what a first scan of many pods takes.
/// </summary>
internal sealed class SettingsAhead : IDisposable
{
    /// <summary>With fewer whose settings are due a thread is not worth its start.</summary>
    public const int FewestDue = 32;

    private const int Free = 0;
    private const int Taken = 1;
    private const int Read = 2;

    private readonly NodeScan _scan;
    private readonly Func<NamespaceSettings?> _read;
    private readonly int[] _states;
    private readonly NamespaceSettings?[] _settings;
    private readonly NamespaceThread _thread;
    private volatile bool _isOver;

    private SettingsAhead(NodeScan scan, string procRoot, Func<NamespaceSettings?> read)
    {
        _scan = scan;
        _read = read;
        _states = new int[scan.Layout.Namespaces.Length];
        _settings = new NamespaceSettings?[_states.Length];
        _thread = new NamespaceThread(procRoot);
        _thread.Begin(ReadAll);
    }

    /// <summary>Begins, where enough settings are due and there is a processor for it.</summary>
    /// <param name="scan">The scan, which has read those of the host.</param>
    /// <param name="procRoot">Where proc is mounted.</param>
    /// <param name="read">Reads those of the calling thread's namespace.</param>
    /// <returns>Null where it would gain nothing.</returns>
    public static SettingsAhead? Begin(NodeScan scan, string procRoot, Func<NamespaceSettings?> read) =>
        scan.Visitor is not null && Environment.ProcessorCount > 1
        && scan.Layout.Namespaces.Count(network => network.Memory.SettingsAreDue(scan.Now)) >= FewestDue
            ? new SettingsAhead(scan, procRoot, read)
            : null;

    /// <summary>What was read of a namespace.</summary>
    /// <param name="index">The namespace.</param>
    /// <param name="settings">Null when nf_conntrack is not loaded.</param>
    /// <returns>False when the caller is to read it: it was not reached yet, or could not be read.</returns>
    public bool TryTake(int index, out NamespaceSettings? settings)
    {
        var isRead = Interlocked.CompareExchange(ref _states[index], Taken, Free) == Read;
        settings = isRead ? _settings[index] : null;
        return isRead;
    }

    /// <summary>Ends the thread and waits for its end.</summary>
    public void Dispose()
    {
        _isOver = true;
        try
        {
            _thread.Wait();
        }
        catch (KernelException)
        {
            // Whatever it could not read, the scan has read itself.
        }
        finally
        {
            _thread.Dispose();
        }
    }

    private void ReadAll(NamespaceVisitor visitor)
    {
        for (var index = _states.Length - 1; index > 0 && !_isOver && !_scan.CancellationToken.IsCancellationRequested; index--)
        {
            var network = _scan.Layout.Namespaces[index];
            if (Interlocked.CompareExchange(ref _states[index], Taken, Free) != Free)
            {
                // The scan has come here.
                return;
            }

            if (network.Target.Live is { } live && network.Memory.SettingsAreDue(_scan.Now) && visitor.TryEnter(live, out _))
            {
                try
                {
                    _settings[index] = _read();
                    Volatile.Write(ref _states[index], Read);
                }
                catch (KernelException)
                {
                    // The scan reads it itself and says why not.
                }
            }
        }
    }
}
