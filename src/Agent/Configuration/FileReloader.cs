using System.Runtime.InteropServices;

namespace Agent.Configuration;

/// <summary>
/// Looks every few seconds, and at once on SIGHUP, whether the files of the configuration, the token and the certificate have changed.
/// </summary>
internal sealed partial class FileReloader(
    IEnumerable<IReloadable> reloadables, TimeProvider time, ILogger<FileReloader> logger) : BackgroundService
{
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    private readonly Dictionary<IReloadable, string> _problems = [];
    private readonly Lock _lock = new();

    /// <summary>Looks at all files now.</summary>
    public void ReloadAll()
    {
        lock (_lock)
        {
            foreach (var reloadable in reloadables)
            {
                Reload(reloadable);
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            // Its default is to end the process.
            signal.Cancel = true;
            LogAsked();
            ReloadAll();
        });
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                ReloadAll();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return;
        }
    }

    private void Reload(IReloadable reloadable)
    {
        try
        {
            if (reloadable.Reload())
            {
                LogReloaded(reloadable.What);
            }

            _ = _problems.Remove(reloadable);
        }
        catch (Exception e)
        {
            // Whatever is wrong with a file, even if only its reader knows: the same file is on every node, and would end every agent.
            // Once per problem, not every five seconds.
            if (_problems.GetValueOrDefault(reloadable) != e.Message)
            {
                _problems[reloadable] = e.Message;
                LogRefused(reloadable.What, e.Message);
            }
        }
    }

    [LoggerMessage(EventId = 20, Level = LogLevel.Information, Message = "{What} has changed and is in force")]
    private partial void LogReloaded(string what);

    [LoggerMessage(EventId = 21, Level = LogLevel.Error, Message = "{What} cannot be used, the old one stays in force: {Reason}")]
    private partial void LogRefused(string what, string reason);

    [LoggerMessage(EventId = 23, Level = LogLevel.Information, Message = "SIGHUP: the files are looked at now")]
    private partial void LogAsked();
}

/// <summary>Something read from files that may change while the agent runs.</summary>
internal interface IReloadable
{
    /// <summary>What it is, for the log.</summary>
    string What { get; }

    /// <summary>Reads it again. Returns whether it has changed; on an exception the old one stays in force.</summary>
    bool Reload();
}
