using System.Diagnostics;
using Agent.Kernel.Ends;
using Agent.Kernel.ProcFs;
using Microsoft.Win32.SafeHandles;

namespace Agent.Benchmarks.Ends;

/// <summary>Many network namespaces, each with one process in it, as a pod's has, that does nothing.</summary>
internal sealed class NamespaceFarm : IDisposable
{
    private readonly List<(SafeFileHandle File, Process Process)> _namespaces = [];

    public NamespaceFarm(int count)
    {
        for (var i = 0; i < count; i++)
        {
            using var scratch = ScratchNamespace.Enter();
            _namespaces.Add((ProcFile.Open("/proc/thread-self/ns/net"), Process.Start("sleep", "infinity")));
        }
    }

    /// <summary>Attaches a listener to all of them, from inside each.</summary>
    public void Attach(ConnectionEndListener listener)
    {
        foreach (var (file, process) in _namespaces)
        {
            using var visit = ScratchNamespace.Enter(file);
            using var tables = DirectoryHandle.Open("/proc/thread-self");
            _ = tables.Stat("net/tcp\0"u8, out var status);
            listener.Attach(status.Inode, [process.Id]);
        }
    }

    public void Dispose()
    {
        foreach (var (file, process) in _namespaces)
        {
            process.Kill();
            process.WaitForExit();
            process.Dispose();
            file.Dispose();
        }
    }
}
