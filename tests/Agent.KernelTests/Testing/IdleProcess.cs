using System.Diagnostics;
using Xunit;

namespace Agent.KernelTests.Testing;

/// <summary>A process that does nothing, in a namespace, until it is disposed of.</summary>
internal sealed class IdleProcess : IDisposable
{
    private readonly Process _process;

    private IdleProcess(Process process) => _process = process;

    public int Pid => _process.Id;

    /// <summary>Starts one inside a namespace; when this returns, it is there.</summary>
    public static IdleProcess Start(NetworkNamespaceFixture fixture) => Start("nsenter", $"--net={fixture.Path}", "sleep", "1000");

    /// <summary>The same without any capability: whoever has few may look at it all the same.</summary>
    public static IdleProcess StartWithoutCapabilities(NetworkNamespaceFixture fixture) =>
        Start("nsenter", $"--net={fixture.Path}", "setpriv", "--bounding-set=-all", "--inh-caps=-all", "sleep", "1000");

    /// <summary>Starts one in the tests' own namespace, which moves when it is told to.</summary>
    public static IdleProcess StartOutside(NetworkNamespaceFixture target)
    {
        var info = new ProcessStartInfo("sh", ["-c", $"read line; exec nsenter --net={target.Path} sleep 1000"]) { RedirectStandardInput = true };
        return new(Process.Start(info)!);
    }

    public void Move()
    {
        _process.StandardInput.WriteLine();
        _process.StandardInput.Close();
        AwaitSleep();
    }

    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Kill();
        }

        _process.Dispose();
    }

    private static IdleProcess Start(string program, params string[] arguments)
    {
        var started = new IdleProcess(Process.Start(program, arguments));
        started.AwaitSleep();
        return started;
    }

    private void AwaitSleep()
    {
        var patience = Stopwatch.StartNew();
        while (File.ReadAllText($"/proc/{Pid}/comm").Trim() != "sleep")
        {
            Assert.True(patience.Elapsed < TimeSpan.FromSeconds(10), "the process did not start");
            TestContext.Current.CancellationToken.WaitHandle.WaitOne(5);
        }
    }
}
