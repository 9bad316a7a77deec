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

    /// <summary>
    /// Bookmarks come about once a minute (bookmarkFrequency of the watch cache) from most servers; from others only when a
    /// watch is about to end, which is no promise to be held to.
    /// </summary>
    private static readonly TimeSpan s_bookmarkTimeout = TimeSpan.FromMinutes(3);

    private readonly PodWatcherSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger<PodWatcher> _logger;
    private readonly ApiServerClient? _client;
    private readonly WorkloadReplicas? _replicas;
    private readonly string _podsPath;
    private readonly PodWatchContact _contact;
    private readonly TaskCompletionSource _firstAttempt = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private bool _sendsBookmarks;
    private DateTimeOffset _watchEnds;

    public PodWatcher(PodWatcherSettings settings, TimeProvider time, ILogger<PodWatcher> logger)
    {
        _settings = settings;
        _time = time;
        _logger = logger;
        _podsPath = $"/api/v1/pods?fieldSelector={Uri.EscapeDataString("spec.nodeName=" + settings.NodeName)}";
        _contact = new PodWatchContact(settings, time, logger);
        if (settings.Location is not null)
        {
            _client = new ApiServerClient(settings.Location, time);
            _replicas = new WorkloadReplicas(_client, time, settings.Random, logger);
        }
    }

    /// <inheritdoc/>
    public KubernetesView Current => _contact.State.ToView(_time.GetUtcNow(), _replicas);

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

        await Task.WhenAll(FollowAsync(_client, stoppingToken), _replicas.RunAsync(() => _contact.State.Pods.Values, stoppingToken));
    }

    private async Task FollowAsync(ApiServerClient client, CancellationToken stoppingToken)
    {
        await WaitAsync(_settings.StartSpread * _settings.Random.NextDouble(), stoppingToken);
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
                delay = _contact.Fail(exception);
            }
            catch (Exception exception)
            {
                LogBug(_logger, exception);
                delay = _contact.Fail(
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
        if (_contact.State.ResourceVersion is null)
        {
            await ListAsync(client, stoppingToken);
        }

        _firstAttempt.TrySetResult();
        var started = _time.GetTimestamp();
        var frames = await WatchAsync(client, stoppingToken);
        if (_contact.State.Skipped > 0)
        {
            // The next list shows whether it is still there.
            _contact.ListAgain();
        }

        // A watch that a proxy ends at once would otherwise be asked for in a tight loop.
        return frames == 0 && _time.GetElapsedTime(started) < s_shortWatch
            ? _contact.FailWithoutReason()
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

            _contact.Publish(_contact.State with { Pods = list.Pods, ResourceVersion = list.ResourceVersion, Skipped = list.Skipped });
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
        var version = Uri.EscapeDataString(_contact.State.ResourceVersion!);
        var path = string.Create(
            CultureInfo.InvariantCulture,
            $"{_podsPath}&watch=true&allowWatchBookmarks=true&timeoutSeconds={timeout.TotalSeconds:0}&resourceVersion={version}");
        _watchEnds = _time.GetUtcNow() + timeout;

        using var response = await client.GetAsync(path, what, stoppingToken);
        var opened = _time.GetTimestamp();

        _contact.Open();
        using var patience = new Patience(timeout + s_watchOverrun, _time, stoppingToken);
        using var framer = JsonFramer.ForSequence(ObjectList.MaxObjectBytes);
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
            _contact.Close(_time.GetElapsedTime(opened));
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
                    _contact.Publish(_contact.State with { Skipped = _contact.State.Skipped + 1 });
                    break;
                default:
                    Apply(WatchEvent.Parse(framer.Frame));
                    break;
            }

            frames++;
            _contact.NoteFrame();
        }
    }

    private void Apply(WatchEvent change)
    {
        var state = _contact.State;
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

        _contact.Publish(change.ResourceVersion.Length > 0 ? state with { ResourceVersion = change.ResourceVersion } : state);
    }
}
