namespace Agent.Kubernetes;

/// <summary>What a <see cref="PodWatcher"/> knows, how its contact with the API server is, and how long to wait after a failure.</summary>
internal sealed partial class PodWatchContact
{
    /// <summary>After so many failed watches in a row that are no matter of the connection, a list may help.</summary>
    private const int FailuresBeforeRelist = 3;

    private static readonly TimeSpan s_relistSpread = TimeSpan.FromSeconds(10);

    private static readonly Backoff s_backoff = new(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));

    /// <summary>For what somebody has to change first; a role that is applied a moment after the pod started is still found soon.</summary>
    private static readonly Backoff s_slowBackoff = new(TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5));

    private readonly PodWatcherSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    private volatile PodWatcherState _state;
    private int _failures;
    private ApiServerFailure? _lastFailure;
    private bool _isLostLogged;
    private bool _isIncompleteLogged;

    public PodWatchContact(PodWatcherSettings settings, TimeProvider time, ILogger logger)
    {
        _settings = settings;
        _time = time;
        _logger = logger;
        _state = new PodWatcherState { NodeName = settings.NodeName, WhyNot = settings.Location is null ? settings.WhyNot : null };
    }

    /// <summary>Read by any thread; only the watcher's changes it.</summary>
    public PodWatcherState State => _state;

    /// <summary>There is contact.</summary>
    public void Publish(PodWatcherState state)
    {
        var wasSilent = _state.LastSyncAt is null || _isLostLogged;
        _state = state with { LastSyncAt = _time.GetUtcNow(), Failure = null, FailingSince = null };
        if (wasSilent)
        {
            _isLostLogged = false;
            LogWatching(_logger, state.Pods.Count, state.NodeName, _settings.Location!.Address.Authority);
        }

        if (state.Skipped > 0 && !_isIncompleteLogged)
        {
            LogIncomplete(_logger, _state.Describe(_time.GetUtcNow()).Detail);
        }

        _isIncompleteLogged = state.Skipped > 0;
    }

    /// <returns>How long to wait before trying again.</returns>
    public TimeSpan Fail(ApiServerException exception)
    {
        var isExpired = exception.Failure == ApiServerFailure.Expired;

        // An API server that was away has forgotten its history: it is back, and nothing speaks for waiting on.
        _failures = isExpired && _lastFailure != ApiServerFailure.Expired ? 1 : _failures + 1;
        _lastFailure = exception.Failure;
        var isNoMatterOfConnection =
            exception.Failure is ApiServerFailure.ServerError or ApiServerFailure.Garbage or ApiServerFailure.NotFound;
        var now = _time.GetUtcNow();
        _state = _state with
        {
            ResourceVersion = isExpired || (isNoMatterOfConnection && _failures >= FailuresBeforeRelist) ? null : _state.ResourceVersion,
            Failure = exception,
            FailingSince = _state.FailingSince ?? now,
        };

        if (_state.IsLost(now) && !_isLostLogged)
        {
            _isLostLogged = true;
            LogLost(_logger, _state.Describe(now).Detail);
        }

        var backoff = exception.Failure is ApiServerFailure.Forbidden or ApiServerFailure.NoCredentials or ApiServerFailure.NotFound
            ? s_slowBackoff
            : s_backoff;
        var delay = backoff.Next(_failures, exception.RetryAfter, _settings.Random);
        delay += isExpired ? _settings.Random.NextDouble() * s_relistSpread : TimeSpan.Zero;
        LogRetry(_logger, delay.TotalSeconds, _failures, exception.Message);
        return delay;
    }

    /// <summary>A watch that ended at once, as some proxies end it.</summary>
    /// <returns>How long to wait before the next one.</returns>
    public TimeSpan FailWithoutReason() => s_backoff.Next(++_failures, null, _settings.Random);

    /// <summary>Before the next watch, a list.</summary>
    public void ListAgain() => _state = _state with { ResourceVersion = null };

    /// <summary>
    /// A watch was accepted. FailingSince stays until a frame comes or the watch has run for a while: a server may accept
    /// every watch and then send nothing but errors.
    /// </summary>
    public void Open() => _state = _state with { Failure = null };

    /// <summary>Something came.</summary>
    public void NoteFrame()
    {
        _failures = 0;
        _lastFailure = null;
    }

    /// <summary>A watch that ran for a while was contact, also when there was nothing to tell.</summary>
    public void Close(TimeSpan watched)
    {
        if (watched >= PodWatcherState.Grace)
        {
            NoteFrame();
            _state = _state with { FailingSince = null };
        }
    }
}
