using System.Collections.Concurrent;
using System.Diagnostics;
using Agent.EndToEndTests.Node;

namespace Agent.EndToEndTests.Scenarios;

/// <summary><c>closewatch trace -o json</c> as a process of the node.</summary>
internal sealed class RunningTrace : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = [];
    private readonly Task _errors;

    public RunningTrace(PodNode node, params string[] arguments)
    {
        _process = Process.Start(node.StartInfo([Repository.Closewatch, "trace", "-o", "json", .. arguments]))!;
        _process.OutputDataReceived += (_, line) => Add(line.Data);
        _process.BeginOutputReadLine();
        _errors = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>What it has printed up to now.</summary>
    public IReadOnlyCollection<string> Lines => _lines;

    /// <summary>
    /// Ends it; what it has heard until then is in <see cref="Lines"/>. By SIGTERM: what a shell starts in the background, as tests/run does,
    /// ignores SIGINT, and so do its children.
    /// </summary>
    public async Task EndAsync()
    {
        // The process is nsenter(1), which waits for the program.
        var child = (await File.ReadAllTextAsync($"/proc/{_process.Id}/task/{_process.Id}/children")).Trim();
        (await Command.RunAsync(["kill", "-TERM", child])).Checked();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        await _errors;
        _process.Dispose();
    }

    private void Add(string? line)
    {
        if (line is not null)
        {
            _lines.Enqueue(line);
        }
    }
}
