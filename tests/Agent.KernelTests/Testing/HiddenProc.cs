using System.Diagnostics;
using Xunit;

namespace Agent.KernelTests.Testing;

/// <summary>
/// A proc file system of a process id namespace, mounted with hidepid. Its process 1 is ours to look at, which a machine's need not be.
/// </summary>
internal sealed class HiddenProc : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory();

    public HiddenProc(ProcessIdNamespace processes, string options)
    {
        using var mount = Process.Start("nsenter", [$"--pid={processes.Path}", "mount", "-t", "proc", "-o", options, "proc", Root]);
        mount.WaitForExit();
        Assert.Equal(0, mount.ExitCode);
    }

    public string Root => _directory.FullName;

    public void Dispose()
    {
        using (var umount = Process.Start("umount", [Root]))
        {
            umount.WaitForExit();
        }

        _directory.Delete();
    }
}
