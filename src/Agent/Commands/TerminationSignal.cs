using System.Runtime.InteropServices;

namespace Agent.Commands;

/// <summary>Turns Ctrl-C and SIGTERM into a cancellation, and remembers which it was.</summary>
internal sealed class TerminationSignal : IDisposable
{
    // 128 + the signal's number, as a shell reports a process that a signal ended (bash(1)).
    private const int Interrupted = 130;
    private const int Terminated = 143;

    private readonly CancellationTokenSource _source = new();
    private readonly TaskCompletionSource _received = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;

    public TerminationSignal()
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Receive(signal, Interrupted));
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Receive(signal, Terminated));
    }

    public CancellationToken Token => _source.Token;

    /// <summary>Ends when a signal came.</summary>
    public Task Received => _received.Task;

    public int ExitCode { get; private set; }

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _source.Dispose();
    }

    private void Receive(PosixSignalContext signal, int exitCode)
    {
        signal.Cancel = true;
        ExitCode = exitCode;
        _source.Cancel();
        _received.TrySetResult();
    }
}
