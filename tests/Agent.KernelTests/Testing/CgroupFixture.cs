using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Agent.KernelTests.Testing;

/// <summary>A cgroup v2 directory of its own, gone with the fixture. Skips the test where none can be made.</summary>
internal sealed class CgroupFixture : IDisposable
{
    private static readonly string[] s_roots = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];

    private readonly string _top;
    private readonly string _directory;

    private CgroupFixture(string top, string directory)
    {
        _top = top;
        _directory = directory;
    }

    /// <summary>Makes the directories of a path below one of the fixture's own.</summary>
    public static CgroupFixture Create(string path)
    {
        var root = Array.Find(s_roots, static candidate => File.Exists($"{candidate}/cgroup.controllers"));
        Assert.SkipWhen(root is null, "no cgroup v2 file system is mounted");
        var top = string.Create(CultureInfo.InvariantCulture, $"{root}/cwtest-{Environment.ProcessId}");
        try
        {
            Directory.CreateDirectory($"{top}/{path}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Assert.Skip($"no cgroup can be made: {exception.Message}");
        }

        return new(top, $"{top}/{path}");
    }

    /// <summary>Starts a process in the cgroup that listens in a namespace.</summary>
    public IDisposable Listen(NetworkNamespaceFixture network)
    {
        const string program = "import socket,sys; s=socket.create_server(('127.0.0.1',0)); print('ready',flush=True); sys.stdin.read()";
        var process = Process.Start(new ProcessStartInfo("sh", ["-c", $"echo $$ > '{_directory}/cgroup.procs' && exec nsenter --net={network.Path} python3 -c \"{program}\""])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        Assert.Equal("ready", process.StandardOutput.ReadLine());
        return new Listening(process);
    }

    public void Dispose()
    {
        foreach (var directory in Directory.GetDirectories(_top, "*", SearchOption.AllDirectories).OrderByDescending(static path => path.Length))
        {
            Directory.Delete(directory);
        }

        Directory.Delete(_top);
    }

    private sealed class Listening(Process process) : IDisposable
    {
        public void Dispose()
        {
            process.StandardInput.Close();
            process.WaitForExit();
            process.Dispose();
        }
    }
}
