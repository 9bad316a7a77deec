using Serilog.Core;

namespace Agent.Configuration;

/// <summary>Reads the configuration again when its file has changed. A bad one is refused as a whole.</summary>
internal sealed partial class ConfigurationReload : IReloadable
{
    private readonly AgentOptionsStore _store;
    private readonly LoggingLevelSwitch _level;
    private readonly ILogger<ConfigurationReload> _logger;
    private readonly WatchedFile _file;
    private AgentConfiguration _configuration;
    private bool _exists;

    public ConfigurationReload(
        AgentConfiguration configuration, AgentOptionsStore store, LoggingLevelSwitch level, ILogger<ConfigurationReload> logger)
    {
        (_configuration, _store, _level, _logger) = (configuration, store, level, logger);
        _file = new(configuration.File ?? configuration.Input.DefaultFile);
        _exists = configuration.File is not null;
        if (_exists)
        {
            _ = _file.Read(out _);
        }
    }

    public string What => $"configuration {_file.Path}";

    /// <exception cref="InvalidDataException">The new configuration is refused; the message has all errors.</exception>
    public bool Reload()
    {
        // There may be none; one that comes later counts, one that was there and is gone is an error.
        if (!_exists && !File.Exists(_file.Path))
        {
            return false;
        }

        _exists = true;
        if (!_file.Read(out _))
        {
            return false;
        }

        var next = _configuration.Reload();
        if (!next.IsValid)
        {
            throw new InvalidDataException(string.Join(" | ", next.Errors));
        }

        _level.MinimumLevel = next.Options.Logging.EventLevel;
        WarnOfRestart(_configuration.Options, next.Options);
        _configuration = next;
        _store.Swap(next.Options);
        return true;
    }

    private void WarnOfRestart(AgentOptions old, AgentOptions next)
    {
        if (old.Http != next.Http)
        {
            LogNeedsRestart("Http");
        }

        if (old.Logging.Format != next.Logging.Format)
        {
            LogNeedsRestart("Logging:Format");
        }

        if (old.Pods.Source != next.Pods.Source || old.Pods.NodeName != next.Pods.NodeName)
        {
            LogNeedsRestart("Pods:Source and Pods:NodeName");
        }
    }

    [LoggerMessage(
        EventId = 22, Level = LogLevel.Warning,
        Message = "{Keys} changed in the configuration; this is in force only after a restart")]
    private partial void LogNeedsRestart(string keys);
}
