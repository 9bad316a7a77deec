using Agent.Kernel.Ends;
using Agent.Kernel.ProcFs;

namespace Agent.Benchmarks.Ends;

/// <summary>Many network namespaces without anything in them, each kept by an open file.</summary>
internal sealed class NamespaceFarm : IDisposable
{
    private readonly List<Microsoft.Win32.SafeHandles.SafeFileHandle> _files = [];

    public NamespaceFarm(int count)
    {
        for (var i = 0; i < count; i++)
        {
            using var scratch = ScratchNamespace.Enter();
            _files.Add(ProcFile.Open("/proc/thread-self/ns/net"));
        }
    }

    /// <summary>Attaches a listener to all of them, from inside each.</summary>
    public void Attach(ConnectionEndListener listener)
    {
        foreach (var file in _files)
        {
            using var visit = ScratchNamespace.Enter(file);
            using var tables = DirectoryHandle.Open("/proc/thread-self");
            _ = tables.Stat("net/tcp\0"u8, out var status);
            listener.Attach(status.Inode, [Environment.ProcessId]);
        }
    }

    public void Dispose() => _files.ForEach(static file => file.Dispose());
}
