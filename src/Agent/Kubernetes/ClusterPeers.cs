using System.Collections.Frozen;
using Agent.Kernel.Net;

namespace Agent.Kubernetes;

/// <summary>
/// Whose the addresses of peers are that this node does not know: Services by their ClusterIP, pods of other nodes, those nodes. Only
/// addresses that somebody here is connected with are asked for, a few at a time and from the API server's cache, so neither memory
/// nor load grow with the cluster but for the Services, which have no field selector for their address: their list is read where an
/// address is nobody's yet.
/// </summary>
internal sealed partial class ClusterPeers(ApiServerClient client, TimeProvider time, Random random, ILogger logger)
{
    /// <summary>So many addresses are kept, and looked at in a round; the rest have no name.</summary>
    public const int MaxAddresses = 1024;

    /// <summary>So many addresses are asked for in a round.</summary>
    public const int QuestionsARound = 4;

    private static readonly TimeSpan s_answerAge = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_servicesAge = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_afterRefusal = TimeSpan.FromHours(6);
    private static readonly TimeSpan s_afterFailure = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_answerTimeout = TimeSpan.FromSeconds(30);

    private readonly Dictionary<IpAddress, Answer> _owners = [];
    private Dictionary<IpAddress, string> _services = [];
    private DateTimeOffset _servicesDue = DateTimeOffset.MinValue;
    private DateTimeOffset _ownersDue = DateTimeOffset.MinValue;
    private volatile FrozenDictionary<IpAddress, string> _names = FrozenDictionary<IpAddress, string>.Empty;

    /// <summary>What is known of the addresses that were last asked for; swapped whole, read by every scan without waiting.</summary>
    public FrozenDictionary<IpAddress, string> Names => _names;

    /// <summary>Finds out what is missing or old of these, as far as a round goes.</summary>
    public async Task AskAsync(IEnumerable<IpAddress> addresses, CancellationToken cancellationToken)
    {
        IpAddress[] wanted = [.. addresses.Distinct().Take(MaxAddresses)];
        foreach (var gone in _owners.Keys.Except(wanted).ToArray())
        {
            _owners.Remove(gone);
        }

        await AskForServicesAsync(wanted, cancellationToken);
        await AskForOwnersAsync(wanted, cancellationToken);
        _names = wanted
            .Select(address => (Address: address, Name: _services.GetValueOrDefault(address) ?? _owners.GetValueOrDefault(address).Name))
            .Where(static pair => pair.Name is not null)
            .ToFrozenDictionary(static pair => pair.Address, static pair => pair.Name!);
    }

    private async Task AskForServicesAsync(IpAddress[] wanted, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (now < _servicesDue
            || wanted.All(address => _owners.TryGetValue(address, out var answer) && answer.Name is not null && now < answer.ValidUntil))
        {
            return;
        }

        _servicesDue = Later(s_servicesAge);
        try
        {
            _services = await ReadAsync(
                "/api/v1/services?resourceVersion=0", "the list of services", PeerAnswers.ReadServicesAsync, cancellationToken);
        }
        catch (ApiServerException exception)
        {
            _servicesDue = now + Refused(exception);
        }
    }

    private async Task AskForOwnersAsync(IpAddress[] wanted, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (now < _ownersDue)
        {
            return;
        }

        var due = wanted.Where(address =>
            !_services.ContainsKey(address) && !(_owners.TryGetValue(address, out var answer) && now < answer.ValidUntil));
        foreach (var address in due.Take(QuestionsARound).ToArray())
        {
            try
            {
                var name = await ReadAsync(
                    $"/api/v1/pods?fieldSelector={Uri.EscapeDataString($"status.podIP={address}")}&resourceVersion=0",
                    "the pod of an address",
                    PeerAnswers.ReadOwnerAsync,
                    cancellationToken);
                _owners[address] = new(name, Later(s_answerAge));
            }
            catch (ApiServerException exception)
            {
                _ownersDue = now + Refused(exception);
                return;
            }
        }
    }

    private async Task<T> ReadAsync<T>(
        string path, string what, Func<Stream, CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        using var response = await client.GetAsync(path, what, cancellationToken);
        using var patience = new Patience(s_answerTimeout, time, cancellationToken);
        try
        {
            using var stream = await response.Content.ReadAsStreamAsync(patience.Token);
            return await read(stream, patience.Token);
        }
        catch (Exception exception) when (client.Translate(exception, what, patience) is { } translated)
        {
            throw translated;
        }
    }

    /// <returns>How long nothing is asked now.</returns>
    private TimeSpan Refused(ApiServerException exception)
    {
        if (exception.Failure is not (ApiServerFailure.Forbidden or ApiServerFailure.Unauthorized))
        {
            LogFailed(logger, exception.Message);
            return s_afterFailure;
        }

        LogForbidden(logger, exception.Message);
        return s_afterRefusal;
    }

    // The agents of a fleet that started together do not ask together for ever.
    private DateTimeOffset Later(TimeSpan age) => time.GetUtcNow() + age * (1 + random.NextDouble());

    [LoggerMessage(EventId = 70, Level = LogLevel.Warning,
        Message = "Pods:PeerNames: {Reason}: apply deploy/components/peer-names, which allows to list services; tried again in six hours")]
    private static partial void LogForbidden(ILogger logger, string reason);

    [LoggerMessage(EventId = 71, Level = LogLevel.Information, Message = "Pods:PeerNames: {Reason}; tried again in a minute")]
    private static partial void LogFailed(ILogger logger, string reason);

    private readonly record struct Answer(string? Name, DateTimeOffset ValidUntil);
}
