using System.Diagnostics;

namespace Agent.Benchmarks.Sockets;

/// <summary>Many network namespaces with sockets in them, gone with the object.</summary>
internal sealed class SocketFarm : IDisposable
{
    private readonly Process _process;

    public SocketFarm(int namespaces, int sockets)
    {
        var program = ChildProgram.Compile("Sockets/socket_farm.c");
        _process = Process.Start(new ProcessStartInfo(program, [$"{namespaces}", $"{sockets}"]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        Pids = _process.StandardOutput.ReadLine()?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        if (Pids.Length != namespaces)
        {
            throw new InvalidOperationException($"{Pids.Length} of {namespaces} namespaces were made");
        }
    }

    /// <summary>One process of each namespace.</summary>
    public string[] Pids { get; }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }
}
