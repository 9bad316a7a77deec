using System.Diagnostics;
using System.Globalization;
using Agent.Kernel.Ends;
using Agent.Kernel.ProcFs;
using Microsoft.Win32.SafeHandles;

namespace Agent.Benchmarks.Ends;

/// <summary>Many network namespaces, each with one process in it, as a pod's has, that does nothing.</summary>
internal sealed class NamespaceFarm : IDisposable
{
    private readonly Process _process;
    private readonly (int ProcessId, SafeFileHandle File)[] _namespaces;

    public NamespaceFarm(int count)
    {
        var program = ChildProgram.Compile("Ends/namespaces.c");
        _process = Process.Start(new ProcessStartInfo(program, [count.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        var line = _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"{program} made no {count} network namespaces");
        _namespaces =
        [
            .. line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(static pid => (int.Parse(pid, CultureInfo.InvariantCulture), ProcFile.Open($"/proc/{pid}/ns/net"))),
        ];
    }

    /// <summary>Attaches a listener to some of them, from inside each.</summary>
    public void Attach(ConnectionEndListener listener, int count)
    {
        foreach (var (pid, file) in _namespaces[..count])
        {
            using var visit = ScratchNamespace.Enter(file);
            using var tables = DirectoryHandle.Open("/proc/thread-self");
            _ = tables.Stat("net/tcp\0"u8, out var status);
            listener.Attach(status.Inode, [pid]);
        }
    }

    /// <summary>Moves the calling thread into one of them, until the result is disposed of.</summary>
    public ScratchNamespace Enter(int index) => ScratchNamespace.Enter(_namespaces[index].File);

    public void Dispose()
    {
        foreach (var (_, file) in _namespaces)
        {
            file.Dispose();
        }

        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }
}
