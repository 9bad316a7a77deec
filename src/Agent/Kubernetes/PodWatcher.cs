using System.Buffers;
using System.Globalization;

namespace Agent.Kubernetes;

/// <summary>
/// Follows the pods of this node: one list from the API server's cache, then one watch that goes on from it. Whatever
/// goes wrong, it keeps what it last knew, says so, and comes back by itself.
/// </summary>
internal sealed partial class PodWatcher : BackgroundService, IKubernetesPods
{
    private static readonly TimeSpan s_listTimeout = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan s_watchOverrun = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_shortWatch = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_relistSpread = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Bookmarks come about once a minute (bookmarkFrequency of the watch cache) from most servers; from others only when a
    /// watch is about to end, which is no promise to be held to.
    /// </summary>
    private static readonly TimeSpan s_bookmarkTimeout = TimeSpan.FromMinutes(3);

    /// <summary>After so many failed watches in a row that are no matter of the connection, a list may help.</summary>
    private const int FailuresBeforeRelist = 3;

    private static readonly Backoff s_backoff = new(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));

    /// <summary>For what somebody has to change first; a role that is applied a moment after the pod started is still found soon.</summary>
    private static readonly Backoff s_slowBackoff = new(TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5));

    private readonly PodWatcherSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger<PodWatcher> _logger;
    private readonly ApiServerClient? _client;
    private readonly WorkloadReplicas? _replicas;
    private readonly string _podsPath;
    private readonly TaskCompletionSource _firstAttempt = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private volatile PodWatcherState _state;
    private int _failures;
    private ApiServerFailure? _lastFailure;
    private bool _isLostLogged;
    private bool _isIncompleteLogged;
    private bool _sendsBookmarks;
    private DateTimeOffset _watchEnds;

    public PodWatcher(PodWatcherSettings settings, TimeProvider time, ILogger<PodWatcher> logger)
    {
        _settings = settings;
        _time = time;
        _logger = logger;
        _podsPath = $"/api/v1/pods?fieldSelector={Uri.EscapeDataString("spec.nodeName=" + settings.NodeName)}";
        _state = new PodWatcherState { NodeName = settings.NodeName, WhyNot = settings.Location is null ? settings.WhyNot : null };
        if (settings.Location is not null)
        {
            _client = new ApiServerClient(settings.Location, time);
            _replicas = new WorkloadReplicas(_client, time, settings.Random, logger);
        }
    }

    /// <inheritdoc/>
    public KubernetesView Current => _state.ToView(_time.GetUtcNow(), _replicas);

    /// <summary>
    /// Completes when the first list has arrived or failed, or there is nothing to ask: a single report need not wait longer.
    /// </summary>
    public Task FirstAttempt => _firstAttempt.Task;

    /// <summary>Starts, and waits a moment for the first list.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await base.StartAsync(cancellationToken);
        if (_settings.StartPatience > TimeSpan.Zero)
        {
            await Task.WhenAny(FirstAttempt, Task.Delay(_settings.StartPatience, _time, cancellationToken));
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        _client?.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_client is null || _replicas is null)
        {
            LogNotAvailable(_logger, _settings.WhyNot);
            _firstAttempt.TrySetResult();
            return;
        }

        await Task.WhenAll(FollowAsync(_client, stoppingToken), _replicas.RunAsync(() => _state.Pods.Values, stoppingToken));
    }

    private async Task FollowAsync(ApiServerClient client, CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            TimeSpan delay;
            try
            {
                delay = await ListAndWatchAsync(client, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (ApiServerException exception)
            {
                delay = Fail(exception);
            }
            catch (Exception exception)
            {
                LogBug(_logger, exception);
                delay = Fail(
                    new ApiServerException(ApiServerFailure.Garbage, $"an error in this program ({exception.GetType().Name})", exception));
            }

            _firstAttempt.TrySetResult();
            await WaitAsync(delay, stoppingToken);
        }

        _firstAttempt.TrySetResult();
    }

    private async Task WaitAsync(TimeSpan delay, CancellationToken stoppingToken)
    {
        if (delay > TimeSpan.Zero)
        {
            await _settings.Delay(delay, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>One list where one is needed, then one watch up to its end.</summary>
    /// <returns>How long to wait before the next one.</returns>
    private async Task<TimeSpan> ListAndWatchAsync(ApiServerClient client, CancellationToken stoppingToken)
    {
        if (_state.ResourceVersion is null)
        {
            await ListAsync(client, stoppingToken);
        }

        _firstAttempt.TrySetResult();
        var started = _time.GetTimestamp();
        var frames = await WatchAsync(client, stoppingToken);
        if (_state.Skipped > 0)
        {
            // The next list shows whether it is still there.
            _state = _state with { ResourceVersion = null };
        }

        // A watch that a proxy ends at once would otherwise be asked for in a tight loop.
        return frames == 0 && _time.GetElapsedTime(started) < s_shortWatch
            ? s_backoff.Next(++_failures, null, _settings.Random)
            : TimeSpan.Zero;
    }

    private async Task ListAsync(ApiServerClient client, CancellationToken stoppingToken)
    {
        const string what = "the list of pods";

        // Version 0 is "any": answered from the API server's memory, not from etcd.
        using var response = await client.GetAsync($"{_podsPath}&resourceVersion=0", what, stoppingToken);
        using var patience = new Patience(s_listTimeout, _time, stoppingToken);
        try
        {
            using var stream = await response.Content.ReadAsStreamAsync(patience.Token);
            var list = await PodList.ReadAsync(stream, patience.Token);
            if (list.ResourceVersion.Length == 0)
            {
                throw new ApiServerException(
                    ApiServerFailure.Garbage, $"{what} has no resourceVersion: is {_settings.Location!.Address} a Kubernetes API server?");
            }

            Publish(_state with { Pods = list.Pods, ResourceVersion = list.ResourceVersion, Skipped = list.Skipped });
        }
        catch (Exception exception) when (client.Translate(exception, what, patience) is { } translated)
        {
            throw translated;
        }
    }

    /// <returns>How many frames came.</returns>
    private async Task<int> WatchAsync(ApiServerClient client, CancellationToken stoppingToken)
    {
        const string what = "the watch of pods";

        // Spread, so that the watches of a fleet that started together do not end together.
        var timeout = TimeSpan.FromSeconds(_settings.Random.Next(300, 600));
        var version = Uri.EscapeDataString(_state.ResourceVersion!);
        var path = string.Create(
            CultureInfo.InvariantCulture,
            $"{_podsPath}&watch=true&allowWatchBookmarks=true&timeoutSeconds={timeout.TotalSeconds:0}&resourceVersion={version}");
        _watchEnds = _time.GetUtcNow() + timeout;

        using var response = await client.GetAsync(path, what, stoppingToken);
        var opened = _time.GetTimestamp();

        // FailingSince stays until a frame comes or the watch has run for a while: a server may
        // accept every watch and then send nothing but errors.
        _state = _state with { Failure = null };
        using var patience = new Patience(timeout + s_watchOverrun, _time, stoppingToken);
        using var framer = JsonFramer.ForSequence(PodList.MaxObjectBytes);
        var buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
        try
        {
            using var stream = await response.Content.ReadAsStreamAsync(patience.Token);
            var frames = 0;
            int count;
            do
            {
                patience.Renew(SilenceAllowed(_watchEnds + s_watchOverrun - _time.GetUtcNow()));
                count = await stream.ReadAsync(buffer, patience.Token);
                frames += Take(framer, buffer.AsSpan(0, count));
            }
            while (count > 0);

            return framer.IsBetweenObjects
                ? frames
                : throw new EndOfStreamException("the API server ended the watch of pods in the middle of an event");
        }
        catch (Exception exception) when (client.Translate(exception, what, patience) is { } translated)
        {
            throw translated;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            NoteContact(_time.GetElapsedTime(opened));
        }
    }

    /// <summary>A watch that ran for a while was contact, also when there was nothing to tell.</summary>
    private void NoteContact(TimeSpan watched)
    {
        if (watched >= PodWatcherState.Grace)
        {
            _failures = 0;
            _lastFailure = null;
            _state = _state with { FailingSince = null };
        }
    }

    private TimeSpan SilenceAllowed(TimeSpan left)
    {
        var allowed = _sendsBookmarks && left > s_bookmarkTimeout ? s_bookmarkTimeout : left;
        return allowed > TimeSpan.Zero ? allowed : TimeSpan.Zero;
    }

    private int Take(JsonFramer framer, ReadOnlySpan<byte> input)
    {
        var frames = 0;
        while (true)
        {
            switch (framer.Read(ref input))
            {
                case JsonFrameResult.NeedsInput:
                    return frames;
                case JsonFrameResult.TooLarge:
                    Publish(_state with { Skipped = _state.Skipped + 1 });
                    break;
                default:
                    Apply(WatchEvent.Parse(framer.Frame));
                    break;
            }

            frames++;
            _failures = 0;
            _lastFailure = null;
        }
    }

    private void Apply(WatchEvent change)
    {
        var state = _state;
        var pods = state.Pods;
        switch (change.Kind)
        {
            case WatchEventKind.Error:
                throw change.Failure!;
            case WatchEventKind.Changed when pods.Count < PodList.MaxPods || pods.ContainsKey(change.Pod!.Uid):
                state = state with { Pods = pods.SetItem(change.Pod!.Uid, change.Pod) };
                break;
            case WatchEventKind.Deleted:
                state = state with { Pods = pods.Remove(change.Pod!.Uid) };
                break;
            case WatchEventKind.Bookmark:
                _sendsBookmarks = _watchEnds - _time.GetUtcNow() > s_shortWatch;
                break;
            default:
                state = state with { Skipped = state.Skipped + 1 };
                break;
        }

        Publish(change.ResourceVersion.Length > 0 ? state with { ResourceVersion = change.ResourceVersion } : state);
    }

    /// <summary>There is contact.</summary>
    private void Publish(PodWatcherState state)
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
    private TimeSpan Fail(ApiServerException exception)
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
}
