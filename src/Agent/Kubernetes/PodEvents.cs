namespace Agent.Kubernetes;

/// <summary>
/// Says to the API server what critical findings say of pods, so that <c>kubectl describe pod</c> shows them to those who
/// never look at a report. Seldom (<see cref="EventSchedule"/>); what cannot be said is not kept.
/// </summary>
internal sealed partial class PodEvents(ApiServerClient client, string nodeName, TimeProvider time, ILogger logger)
{
    private const string What = "an event";

    private static readonly TimeSpan s_afterRefusal = TimeSpan.FromHours(6);
    private static readonly TimeSpan s_afterFailure = TimeSpan.FromMinutes(5);

    private readonly EventSchedule _schedule = new();
    private DateTimeOffset _silentUntil = DateTimeOffset.MinValue;

    /// <summary>Says what is due of these.</summary>
    public async Task SayAsync(IEnumerable<PodEvent> events, CancellationToken cancellationToken)
    {
        if (time.GetUtcNow() < _silentUntil)
        {
            return;
        }

        foreach (var one in _schedule.Due(events, time.GetUtcNow()))
        {
            if (one.Path is not { } path)
            {
                continue;
            }

            try
            {
                await client.PostAsync(path, one.ToJson(nodeName, time.GetUtcNow()), What, cancellationToken);
            }
            catch (ApiServerException exception) when (exception.Failure == ApiServerFailure.NotFound)
            {
                LogGone(logger, one.Namespace);
            }
            catch (ApiServerException exception)
            {
                Refused(exception);
                return;
            }
        }
    }

    private void Refused(ApiServerException exception)
    {
        var forbidden = exception.Failure is ApiServerFailure.Forbidden or ApiServerFailure.Unauthorized;
        _silentUntil = time.GetUtcNow() + (forbidden ? s_afterRefusal : s_afterFailure);
        if (forbidden)
        {
            LogForbidden(logger, exception.Message);
        }
        else
        {
            LogFailed(logger, exception.Message);
        }
    }

    [LoggerMessage(EventId = 60, Level = LogLevel.Warning,
        Message = "Pods:Events: {Reason}: apply deploy/components/events, which allows to create events; tried again in six hours")]
    private static partial void LogForbidden(ILogger logger, string reason);

    [LoggerMessage(EventId = 61, Level = LogLevel.Information, Message = "Pods:Events: {Reason}; tried again in five minutes")]
    private static partial void LogFailed(ILogger logger, string reason);

    [LoggerMessage(EventId = 62, Level = LogLevel.Debug, Message = "Pods:Events: namespace {Namespace} is gone")]
    private static partial void LogGone(ILogger logger, string @namespace);
}
